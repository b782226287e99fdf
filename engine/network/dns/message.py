"""Messages of the domain name system: questions read, answers of our own written, answers of others checked.

What comes from a container is hostile, and what comes from a name server may be forged. So little is read: the header,
the one question, and of what is behind it only where it ends. No compressed name is ever followed: the first name of a
message has nothing before it to point to, and no other one matters here. Answers of name servers go on as they are.

Source: RFC 1035, 4 (the format); RFC 6891 (EDNS); RFC 8482 (ANY); RFC 2308 (a name without what was asked for).
"""

import re
import struct
from collections.abc import Sequence
from typing import Final, NamedTuple

from engine import errors

A: Final = 1
PTR: Final = 12
AAAA: Final = 28
OPT: Final = 41
IXFR: Final = 251
AXFR: Final = 252
ANY: Final = 255
IN: Final = 1

NOERROR: Final = 0
FORMERR: Final = 1
SERVFAIL: Final = 2
NXDOMAIN: Final = 3
NOTIMP: Final = 4
REFUSED: Final = 5
BADVERS: Final = 16

HEADER: Final = struct.Struct("!HHHHHH")
"""Id, flags, and how many questions, answers, authorities and additional records follow."""
QR: Final = 0x8000
OPCODE: Final = 0x7800
_AA: Final = 0x0400
TC: Final = 0x0200
_RD: Final = 0x0100
_RA: Final = 0x0080
_CD: Final = 0x0010
RCODE: Final = 0x000F
RECORD: Final = struct.Struct("!HHIH")
"""Type, class, time to live and length of the data; its name is before it."""

DATAGRAM_SIZE: Final = 512
"""What goes into a datagram where nothing is said."""
DATAGRAM_MAX: Final = 4096
"""What goes into one at most, whatever is said."""
OUR_SIZE: Final = 1232
"""What we say of ourselves, as name servers do: it crosses every network in one piece."""
SIZE_MAX: Final = 65535
TTL: Final = 5
"""Seconds; a container may be gone soon."""
LABEL_MAX: Final = 63
NAME_MAX: Final = 255
_UNUSUAL: Final = re.compile(r"[^a-z0-9_-]")
_POINTER: Final = 0xC0
_ADDITIONAL_MAX: Final = 4
_QUESTION_AT: Final = HEADER.size
_NAME_OF_QUESTION: Final = struct.pack("!H", _POINTER << 8 | _QUESTION_AT)


class Malformed(errors.InvalidInput):
    """What nobody can answer; `rcode` is what its sender is to be told, None that he is not to be told anything."""

    def __init__(self, message: str, rcode: int | None = FORMERR) -> None:
        super().__init__(message)
        self.rcode = rcode


class Edns(NamedTuple):
    """What the sender can do beyond RFC 1035."""

    size: int
    version: int
    flags: int
    """The bit 0x8000 asks for signatures."""


class Query(NamedTuple):
    """One question."""

    id: int
    flags: int
    question: bytes
    """As it came, name, type and class: the case of its letters is kept."""
    name: str
    """In lower case, labels joined by dots, none at the end; what is no letter, digit, - or _ is written \\DDD."""
    kind: int
    """Its type: A, AAAA, PTR ..."""
    category: int
    """Its class: IN."""
    edns: Edns | None = None

    @property
    def datagram_size(self) -> int:
        """How long an answer in one datagram may be."""
        return min(max(self.edns.size, DATAGRAM_SIZE), DATAGRAM_MAX) if self.edns else DATAGRAM_SIZE


class Record(NamedTuple):
    """One record about the name that was asked for."""

    kind: int
    data: bytes


def parse(data: bytes) -> Query:
    """Read one question. Raises: Malformed for everything that is not one, answers among it."""
    flags, counts = _header(data)
    if flags & OPCODE:
        raise Malformed("not a query", NOTIMP)
    if counts[:3] != (1, 0, 0) or counts[3] > _ADDITIONAL_MAX:
        raise Malformed("not one question and nothing else")
    name, end = read_name(data, _QUESTION_AT)
    if end + 4 > len(data):
        raise Malformed("a question that is cut off")
    kind, category = struct.unpack_from("!HH", data, end)
    edns = _additional(data, end + 4, counts[3])
    return Query(int.from_bytes(data[:2]), flags, data[_QUESTION_AT : end + 4], name, kind, category, edns)


def _header(data: bytes) -> tuple[int, tuple[int, int, int, int]]:
    if len(data) < HEADER.size:
        raise Malformed("shorter than a header", None)
    _id, flags, *counts = HEADER.unpack_from(data)
    if flags & QR:
        raise Malformed("an answer", None)  # to answer one begins a ping-pong that never ends
    return flags, (counts[0], counts[1], counts[2], counts[3])


def read_name(data: bytes, at: int) -> tuple[str, int]:
    """The name at this place and where it ends. Raises: Malformed, also for one that is compressed."""
    labels, start = [], at
    while length := _byte(data, at):
        if length > LABEL_MAX:
            raise Malformed("a compressed name, or one with a label that is too long")
        if at + 1 + length > len(data) or at + length + 2 - start > NAME_MAX:
            raise Malformed("a name that is cut off or too long")
        labels.append(_label(data[at + 1 : at + 1 + length]))
        at += 1 + length
    return ".".join(labels), at + 1


def _byte(data: bytes, at: int) -> int:
    if at >= len(data):
        raise Malformed("a name that is cut off")
    return data[at]


def _label(data: bytes) -> str:
    """A dot within a label must not look like one between two."""
    return _UNUSUAL.sub(lambda found: f"\\{ord(found[0]):03d}", data.lower().decode("latin-1"))


def _additional(data: bytes, at: int, count: int) -> Edns | None:
    """What EDNS says; other records are passed over. Raises: Malformed, also for bytes behind the last one."""
    edns = None
    for _ in range(count):
        start, at = at, end_of_record(data, at)
        end_of_owner = end_of_name(data, start)
        kind, size, more, _length = RECORD.unpack_from(data, end_of_owner)
        if kind == OPT:
            if edns or end_of_owner != start + 1:
                raise Malformed("EDNS twice, or about a name")
            edns = Edns(size, more >> 16 & 0xFF, more & 0xFFFF)
    if at != len(data):
        raise Malformed("cut off, or with something behind its end")
    return edns


def end_of_record(data: bytes, at: int) -> int:
    """Where the record ends that begins here. Raises: Malformed."""
    at = end_of_name(data, at)
    if at + RECORD.size > len(data):
        raise Malformed("a record that is cut off")
    at += RECORD.size + RECORD.unpack_from(data, at)[-1]
    if at > len(data):
        raise Malformed("a record that is cut off")
    return at


def end_of_name(data: bytes, at: int) -> int:
    """A pointer is the end of a name; where it points does not matter here."""
    start = at
    while length := _byte(data, at):
        if length >= _POINTER:
            return at + 2
        at += 1 + length
        if length > LABEL_MAX or at - start > NAME_MAX:
            raise Malformed("a name with a label that is too long, or too long itself")
    return at + 1


def answer(query: Query, records: Sequence[Record], size: int, rcode: int = NOERROR) -> bytes:
    """Our own answer, at most `size` bytes: what does not fit is left out, and the answer says that it was cut off."""
    room = size - HEADER.size - len(query.question) - (1 + RECORD.size if query.edns else 0)
    written, count = bytearray(), 0
    for record in records:
        if len(written) + len(_NAME_OF_QUESTION) + RECORD.size + len(record.data) > room:
            break
        written += _NAME_OF_QUESTION + RECORD.pack(record.kind, IN, TTL, len(record.data)) + record.data
        count += 1
    flags = QR | (query.flags & (_RD | _CD)) | _RA | (rcode & RCODE)
    flags |= (_AA if rcode in (NOERROR, NXDOMAIN) else 0) | (TC if count < len(records) else 0)
    header = HEADER.pack(query.id, flags, 1, count, 0, 1 if query.edns else 0)
    return b"".join((header, query.question, written, our_edns(query.edns, rcode)))


def our_edns(edns: Edns | None, rcode: int) -> bytes:
    """Its flags are sent back, as RFC 3225 wants; the upper bits of the code are in here."""
    return b"\0" + RECORD.pack(OPT, OUR_SIZE, (rcode >> 4) << 24 | edns.flags & 0x8000, 0) if edns else b""


def complaint(data: bytes, rcode: int) -> bytes:
    """An answer to what could not be read: its header alone."""
    number, flags = struct.unpack_from("!HH", data)
    return HEADER.pack(number, QR | (flags & (OPCODE | _RD)) | _RA | rcode, 0, 0, 0, 0)


def encode_name(name: str) -> bytes:
    """A name of ours on the wire. Raises: Malformed where it cannot be one."""
    labels = name.encode().split(b".")
    if not all(0 < len(label) <= LABEL_MAX for label in labels) or sum(map(len, labels)) + len(labels) >= NAME_MAX:
        raise Malformed(f"{name[:64]!r} cannot be a name")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"
