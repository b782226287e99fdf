"""The recorder on real pipes and sockets, without a container."""

import asyncio
import os
import socket
from collections.abc import Callable
from pathlib import Path

from engine.supervise.log import LogReader, LogWriter, Stream
from engine.supervise.recorder import Recorder


class Pipes:
    """What a container would have: the other ends of the recorder's descriptors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stdin, stdin_writer = os.pipe()
        out_reader, self.out = os.pipe()
        err_reader, self.err = os.pipe()
        self.recorder = Recorder(
            LogWriter(str(folder)), os.getpid(), (stdin_writer, out_reader, err_reader), tty=False, stdin=True
        )

    def close(self) -> None:
        """The container's ends."""
        for fd in (self.stdin, self.out, self.err):
            os.close(fd)

    def recorded(self) -> list[tuple[int, bytes]]:
        """What the log has."""
        reader = LogReader(os.open(self.folder / "output", os.O_RDONLY), os.open(self.folder / "index", os.O_RDONLY))
        found = [(piece.stream, data) for piece, data in reader.chunks()]
        reader.close()
        return found


async def until(true: Callable[[], bool]) -> None:
    """Give the loop turns until something is so."""
    async with asyncio.timeout(20):
        while not true():
            await asyncio.sleep(0)


def test_streams_are_recorded_apart(tmp_path: Path) -> None:
    async def scene() -> None:
        pipes = Pipes(tmp_path)
        os.write(pipes.out, b"hello")
        await until(lambda: len(pipes.recorded()) == 1)
        os.write(pipes.err, b"oops")
        await until(lambda: len(pipes.recorded()) == 2)
        assert pipes.recorded() == [(Stream.STDOUT, b"hello"), (Stream.STDERR, b"oops")]
        pipes.recorder.drain()
        pipes.close()

    asyncio.run(scene())


def test_what_is_left_in_the_pipes_at_the_end_is_recorded(tmp_path: Path) -> None:
    async def scene() -> None:
        pipes = Pipes(tmp_path)
        os.write(pipes.out, b"x" * 60_000)
        os.write(pipes.err, b"last words")
        pipes.recorder.drain()
        assert sum(len(data) for _, data in pipes.recorded()) == 60_010
        pipes.close()

    asyncio.run(scene())


def test_a_follower_is_woken_when_the_log_grows_and_closed_at_the_end(tmp_path: Path) -> None:
    async def scene() -> None:
        pipes = Pipes(tmp_path)
        client = pipes.recorder.follow(stdin=False)
        client.setblocking(False)
        os.write(pipes.out, b"hello")
        loop = asyncio.get_running_loop()
        assert await asyncio.wait_for(loop.sock_recv(client, 1), 20) == b"."
        pipes.recorder.drain()
        while await asyncio.wait_for(loop.sock_recv(client, 1), 20):
            pass
        client.close()
        pipes.close()

    asyncio.run(scene())


def test_a_follower_that_never_reads_holds_nobody_up(tmp_path: Path) -> None:
    async def scene() -> None:
        pipes = Pipes(tmp_path)
        stalled = pipes.recorder.follow(stdin=False)
        for number in range(5000):
            os.write(pipes.out, b"%d\n" % number)
            pipes.recorder.notify()
            await asyncio.sleep(0)
        await until(lambda: sum(len(data) for _, data in pipes.recorded()) == 23_890)
        stalled.close()
        pipes.recorder.drain()
        pipes.close()

    asyncio.run(scene())


def test_input_reaches_the_container_and_its_end_too(tmp_path: Path) -> None:
    async def scene() -> None:
        pipes = Pipes(tmp_path)
        client = pipes.recorder.follow(stdin=True)
        client.sendall(b"typed")
        client.shutdown(socket.SHUT_WR)
        await until(lambda: not pipes.recorder.stdin_open)
        assert os.read(pipes.stdin, 100) == b"typed"
        assert os.read(pipes.stdin, 100) == b""
        client.close()
        pipes.recorder.drain()
        pipes.close()

    asyncio.run(scene())


def test_a_client_that_dies_leaves_the_input_open(tmp_path: Path) -> None:
    async def scene() -> None:
        pipes = Pipes(tmp_path)
        client = pipes.recorder.follow(stdin=True)
        client.sendall(b"typed")
        client.close()
        os.set_blocking(pipes.stdin, False)
        async with asyncio.timeout(20):
            while True:
                await asyncio.sleep(0)
                try:
                    assert os.read(pipes.stdin, 100) == b"typed"
                    break
                except BlockingIOError:
                    continue
        for _ in range(20):
            await asyncio.sleep(0)
        assert pipes.recorder.stdin_open
        pipes.recorder.drain()
        pipes.close()

    asyncio.run(scene())


def test_input_that_the_container_does_not_take_is_kept_bounded_and_goes_on_later(tmp_path: Path) -> None:
    async def scene() -> None:
        pipes = Pipes(tmp_path)
        client = pipes.recorder.follow(stdin=True)
        client.setblocking(False)
        loop = asyncio.get_running_loop()
        sending = asyncio.ensure_future(loop.sock_sendall(client, b"y" * 1_000_000))
        for _ in range(100):
            await asyncio.sleep(0)
        assert not sending.done()
        got = 0
        os.set_blocking(pipes.stdin, False)
        async with asyncio.timeout(20):
            while got < 1_000_000:
                await asyncio.sleep(0)
                try:
                    got += len(os.read(pipes.stdin, 1 << 16))
                except BlockingIOError:
                    continue
        await sending
        client.close()
        pipes.recorder.drain()
        pipes.close()

    asyncio.run(scene())


def test_output_that_the_disk_refuses_is_counted_and_stops_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        pipes = Pipes(tmp_path)
        full = os.open("/dev/full", os.O_RDWR)
        os.dup2(full, pipes.recorder.writer.output)
        os.close(full)
        os.write(pipes.out, b"hello")
        await until(lambda: pipes.recorder.lost_bytes == 5)
        assert pipes.recorded() == []
        pipes.recorder.drain()
        pipes.close()

    asyncio.run(scene())
