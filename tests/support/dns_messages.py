"""Questions written and answers read, by another hand than the engine's: what it writes is read by this alone."""

import ipaddress
import struct
from typing import NamedTuple

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, OPT, IXFR, AXFR, ANY = 1, 2, 5, 6, 12, 15, 16, 28, 41, 251, 252, 255
IN, CHAOS = 1, 3
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
_POINTERS_MAX = 10


class Answer(NamedTuple):
    """One record."""

    name: str
    kind: int
    ttl: int
    value: str


class Read(NamedTuple):
    """A whole message."""

    id: int
    flags: int
    rcode: int
    question: bytes
    answers: list[Answer]
    size: int | None
    """What EDNS says; None without."""

    @property
    def values(self) -> list[str]:
        return [answer.value for answer in self.answers]

    @property
    def is_cut_off(self) -> bool:
        return bool(self.flags & 0x0200)

    @property
    def is_authoritative(self) -> bool:
        return bool(self.flags & 0x0400)


def encoded(name: str) -> bytes:
    labels = [label.encode() for label in name.split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def query(
    name: str,
    kind: int = A,
    *,
    number: int = 0x1234,
    flags: int = 0x0100,
    category: int = IN,
    edns: int | None = None,
    version: int = 0,
) -> bytes:
    """One question, with EDNS where a size is named."""
    header = struct.pack("!HHHHHH", number, flags, 1, 0, 0, 0 if edns is None else 1)
    opt = b"" if edns is None else b"\0" + struct.pack("!HHBBHH", OPT, edns, 0, version, 0x8000, 0)
    return header + encoded(name) + struct.pack("!HH", kind, category) + opt


def read(data: bytes) -> Read:
    """Every byte of a message. Raises AssertionError where it is not right."""
    number, flags, questions, answers, authorities, more = struct.unpack_from("!HHHHHH", data)
    assert flags & 0x8000, "not an answer"
    at = 12
    for _ in range(questions):
        _name, at = _read_name(data, at)
        at += 4
    question, found, size, extended = data[12:at], [], None, 0
    for index in range(answers + authorities + more):
        name, at = _read_name(data, at)
        kind, category, ttl, length = struct.unpack_from("!HHIH", data, at)
        at += 10 + length
        assert at <= len(data), "a record that is cut off"
        if kind == OPT:
            assert index >= answers + authorities
            size, extended = category, ttl >> 24
        elif index < answers:
            found.append(Answer(name, kind, ttl, _value(data, kind, at - length, length)))
    assert at == len(data), "something behind the end"
    return Read(number, flags, flags & 15 | extended << 4, question, found, size)


def _value(data: bytes, kind: int, at: int, length: int) -> str:
    if kind in (A, AAAA):
        return str(ipaddress.ip_address(data[at : at + length]))
    if kind in (PTR, CNAME):
        name, end = _read_name(data, at)
        assert end == at + length
        return name
    return data[at : at + length].hex()


def _read_name(data: bytes, at: int) -> tuple[str, int]:
    labels, end = [], 0
    for _ in range(_POINTERS_MAX + 128):
        length = data[at]
        if length >= 0xC0:
            end = end or at + 2
            at = struct.unpack_from("!H", data, at)[0] & 0x3FFF
        elif length:
            assert length < 64
            labels.append(data[at + 1 : at + 1 + length].decode("latin-1"))
            at += 1 + length
        else:
            return ".".join(labels), end or at + 1
    raise AssertionError("a name without an end")
