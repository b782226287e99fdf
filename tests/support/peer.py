"""The two ends of a connection: in the test's own process, and as a program inside a container.

    python3 -I -S -c SOURCE serve NAME tcp:80 udp:53 ...      says "ready", and serves until it is killed
    python3 -I -S -c SOURCE ask tcp ADDRESS PORT [SECONDS]    prints the answer, or "no: ECONNREFUSED"
    python3 -I -S -c SOURCE send tcp ADDRESS PORT BYTES       prints how many seconds it took until all had arrived

A server answers each connection and each datagram with one line: its name, and the address and port that it sees.
A TCP connection stays open until the other end closes it. The standard library alone, since it runs inside images.
"""

import errno
import socket
import sys
import threading
import time

SECONDS = 3.0
"""How long an answer may take; a test that expects none waits as long as that."""
KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}

_PACKET_INFO = {  # ip(7), ipv6(7); Python has no name for the first
    socket.AF_INET: (socket.IPPROTO_IP, 8),
    socket.AF_INET6: (socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO),
}


def bind(protocol, address, port):
    """A socket bound there, listening where it is TCP's; `::` serves IPv4 as well."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, KINDS[protocol])
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address != "::"))
    if protocol == "udp":
        sock.setsockopt(*_PACKET_INFO[family], 1)
    sock.bind((address, port))
    if protocol == "tcp":
        sock.listen(128)
    return sock


def answer(sock, name):
    """Serve until the socket is shut."""
    serve = _answer_streams if sock.type == socket.SOCK_STREAM else _answer_datagrams
    try:
        serve(sock, name)
    except OSError:
        return


def _line(name, peer):
    return f"{name} {peer[0].removeprefix('::ffff:')} {peer[1]}\n".encode()


def _answer_streams(sock, name):
    while True:
        connection, peer = sock.accept()
        threading.Thread(target=_answer_one, args=(connection, _line(name, peer)), daemon=True).start()


def _answer_one(connection, line):
    """What is sent is counted; the count is told to who has ended its side."""
    with connection:
        try:
            connection.sendall(line)
            count = 0
            while piece := connection.recv(1 << 18):
                count += len(piece)
            connection.sendall(f"{count}\n".encode())
        except OSError:
            return


def _answer_datagrams(sock, name):
    """From the address that was asked, and not from the one that the kernel would choose on the way back."""
    while True:
        data, asked, _flags, peer = sock.recvmsg(65536, 256)
        if not data:
            return  # it was shut
        sock.sendmsg([_line(name, peer)], asked, 0, peer)


def dial(protocol, address, port, seconds=SECONDS):
    """A connected socket that has been answered, and the answer's line. Raises OSError."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    sock = socket.socket(family, KINDS[protocol])
    try:
        sock.settimeout(seconds)
        sock.connect((address, port))
        if protocol == "udp":
            sock.send(b"hello\n")
        line = _first_line(sock)
    except BaseException:
        sock.close()
        raise
    return sock, line


def _first_line(sock):
    data = b""
    while not data.endswith(b"\n"):
        piece = sock.recv(1) if sock.type == socket.SOCK_STREAM else sock.recv(65536)
        if not piece:
            raise ConnectionResetError(errno.ECONNRESET, "ended without an answer")
        data += piece
    return data.decode().strip()


def ask(protocol, address, port, seconds=SECONDS):
    """The answer's line; "no: " with the name of the error where none came."""
    try:
        sock, line = dial(protocol, address, port, seconds)
    except TimeoutError:
        return "no: ETIMEDOUT"
    except OSError as err:
        return f"no: {errno.errorcode.get(err.errno or 0, err)}"
    sock.close()
    return line


def send(address, port, size):
    """Seconds until so many bytes had arrived at the other end of a TCP connection."""
    sock, _ = dial("tcp", address, port)
    sock.settimeout(60)
    piece = bytes(1 << 16)
    with sock:
        began = time.monotonic()
        for start in range(0, size, len(piece)):
            sock.sendall(piece[: size - start])
        sock.shutdown(socket.SHUT_WR)
        assert int(_first_line(sock)) == size
        return time.monotonic() - began


def _serve(name, ports):
    for text in ports:
        protocol, _, port = text.partition(":")
        address = "::" if socket.has_ipv6 and _has_ipv6() else "0.0.0.0"
        threading.Thread(target=answer, args=(bind(protocol, address, int(port)), name), daemon=True).start()
    _say("ready")
    threading.Event().wait()


def _has_ipv6():
    try:
        with open("/proc/sys/net/ipv6/conf/all/disable_ipv6") as file:
            return file.read().strip() == "0"
    except OSError:
        return False


def _say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments):
    """See above."""
    verb, *rest = arguments
    if verb == "serve":
        _serve(rest[0], rest[1:])
    elif verb == "ask":
        _say(ask(rest[0], rest[1], int(rest[2]), float(rest[3]) if rest[3:] else SECONDS))
    else:
        _say(str(send(rest[1], int(rest[2]), int(rest[3]))))


if __name__ == "__main__":
    main(sys.argv[1:])
