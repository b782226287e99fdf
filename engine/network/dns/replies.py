"""What name servers say: checked to be what was asked for, and passed on as it is."""

from typing import NamedTuple

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
