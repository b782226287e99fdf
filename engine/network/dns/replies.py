"""What name servers say: checked to be what was asked for, and passed on as it is."""

from contextlib import suppress
from typing import NamedTuple

from engine.network.dns import message
from engine.network.dns.message import HEADER, NOERROR, NXDOMAIN, OPCODE, QR, RCODE, SIZE_MAX, TC, Query, answer


class Reply(NamedTuple):
    """What a name server said, to be passed on."""

    data: bytes
    """With the id and the question as they were asked."""
    rcode: int
    truncated: bool


def read(data: bytes, query: Query, number: int) -> Reply | None:
    """A name server's answer to our question with this id; None where it is none, or one to another question.

    Without a question, as some servers refuse, it counts as a refusal alone.
    """
    if not HEADER.size <= len(data) <= SIZE_MAX:
        return None
    found, flags, questions, *_ = HEADER.unpack_from(data)
    if found != number or not flags & QR or flags & OPCODE:
        return None
    rcode, end = flags & RCODE, HEADER.size + len(query.question)
    if not questions and len(data) == HEADER.size and rcode not in (NOERROR, NXDOMAIN):
        return Reply(answer(query, (), SIZE_MAX, rcode), rcode, False)
    if questions != 1 or not _is_same(data[HEADER.size : end], query.question):
        return None
    passed = query.id.to_bytes(2) + data[2 : HEADER.size] + query.question + data[end:]
    return Reply(passed, rcode, bool(flags & TC))


def _is_same(question: bytes, other: bytes) -> bool:
    """The case of letters is free in a name, and nowhere else."""
    return question[-4:] == other[-4:] and question[:-4].lower() == other[:-4].lower()


def cut(data: bytes, query: Query, size: int) -> bytes:
    """An answer that was read, in at most `size` bytes: with as many of its records as fit, since there are programs
    that take those and do not ask by TCP (musl before 1.2.4)."""
    if len(data) <= size:
        return data
    number, flags, _questions, answers, *_ = HEADER.unpack_from(data)
    edns = message.our_edns(query.edns, flags & RCODE)
    end, count = _end_of_records(data, HEADER.size + len(query.question), answers, size - len(edns))
    flags |= TC if count < answers else 0
    return HEADER.pack(number, flags, 1, count, 0, 1 if edns else 0) + data[HEADER.size : end] + edns


def _end_of_records(data: bytes, at: int, most: int, size: int) -> tuple[int, int]:
    """Where the last one ends that fits, and how many fit; compressed names point to what is before them."""
    count = 0
    with suppress(message.Malformed):
        while count < most:
            end = message.end_of_record(data, at)
            if end > size:
                break
            at, count = end, count + 1
    return at, count
