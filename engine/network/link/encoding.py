"""Messages and attributes of netlink as bytes, both ways; netlink(7), "Netlink Messages".

message     length, type, flags, sequence, port | a struct of the type's own | attributes
attribute   length, number | value | padding to 4 bytes
"""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

HEADER: Final = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence, port."""
_ATTRIBUTE: Final = struct.Struct("=HH")
_U32: Final = struct.Struct("=I")
_NUMBER_MASK: Final = 0x3FFF
"""NLA_TYPE_MASK: without the flags for nesting and byte order."""


class Request(NamedTuple):
    """One message to the kernel."""

    what: str
    """What it does, for an error: "make the link qd0"."""
    kind: int
    """RTM_..."""
    flags: int
    """NLM_F_... but REQUEST and ACK, which are the transport's."""
    body: bytes

    def encoded(self, flags: int, sequence: int) -> bytes:
        """The whole message."""
        length = HEADER.size + len(self.body)
        return HEADER.pack(length, self.kind, self.flags | flags, sequence, 0) + self.body


def attribute(number: int, value: bytes) -> bytes:
    """One attribute with its padding."""
    length = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(length, number) + value + bytes(-length % 4)


def nested(number: int, *inner: bytes) -> bytes:
    """An attribute made of others."""
    return attribute(number, b"".join(inner))


def u8(number: int, value: int) -> bytes:
    """An attribute of one byte."""
    return attribute(number, value.to_bytes(1, "little"))


def u16(number: int, value: int) -> bytes:
    """An attribute of two bytes, the machine's order."""
    return attribute(number, struct.pack("=H", value))


def u32(number: int, value: int) -> bytes:
    """An attribute of four bytes, the machine's order."""
    return attribute(number, _U32.pack(value))


def text(number: int, value: str) -> bytes:
    """A string with its NUL."""
    return attribute(number, value.encode() + b"\0")


def mac(number: int, value: str) -> bytes:
    """A hardware address: 02:42:ac:11:00:02."""
    return attribute(number, bytes.fromhex(value.replace(":", "")))


def messages(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Type, flags, sequence and body of each message of one datagram; what is cut off is left out."""
    offset = 0
    while offset + HEADER.size <= len(data):
        length, kind, flags, sequence, _port = HEADER.unpack_from(data, offset)
        if length < HEADER.size or offset + length > len(data):
            return
        yield kind, flags, sequence, data[offset + HEADER.size : offset + length]
        offset += (length + 3) & ~3


def attributes(data: bytes, offset: int = 0) -> dict[int, bytes]:
    """Values by number, the last of several; what is cut off is left out."""
    found = {}
    while offset + _ATTRIBUTE.size <= len(data):
        length, number = _ATTRIBUTE.unpack_from(data, offset)
        if length < _ATTRIBUTE.size or offset + length > len(data):
            break
        found[number & _NUMBER_MASK] = data[offset + _ATTRIBUTE.size : offset + length]
        offset += (length + 3) & ~3
    return found


def text_of(value: bytes) -> str:
    """A string of the kernel without its NUL; names may be any bytes."""
    return value.partition(b"\0")[0].decode(errors="replace")


def u32_of(value: bytes) -> int:
    """Four bytes, the machine's order; 0 where there are fewer."""
    return int(_U32.unpack_from(value)[0]) if len(value) >= _U32.size else 0
