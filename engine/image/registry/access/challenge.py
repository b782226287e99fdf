"""Reads what a server wants to know before it answers: the header WWW-Authenticate.

    WWW-Authenticate: Bearer realm="https://auth.example.com/token",service="example.com",scope="repository:app:pull"
    WWW-Authenticate: Negotiate, Basic realm="an office", charset="UTF-8"

Source: RFC 9110, section 11.6.1 and appendix A; RFC 6750 and distribution's docs/spec/auth/token.md for Bearer.
"""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from engine.errors import InvalidInput

HEADER_MAX: Final = 16 << 10
"""Characters of all challenges together."""

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TOKEN68: Final = re.compile(r"[ \t]+([A-Za-z0-9._~+/-]+=*)[ \t]*(?=,|\Z)")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_BETWEEN: Final = re.compile(r"[ \t,]*")
_EQUALS: Final = re.compile(r"[ \t]*=[ \t]*")
_END: Final = re.compile(r"[ \t]*(?:,|\Z)")


class Challenge(NamedTuple):
    """One way to say who asks."""

    scheme: str
    """In lower case: basic, bearer."""
    parameters: dict[str, str]
    """By names in lower case."""


def read_challenges(headers: Iterable[str]) -> list[Challenge]:
    """All challenges of an answer, in order. Raises InvalidInput where they follow no grammar."""
    text = ", ".join(headers)
    if len(text) > HEADER_MAX:
        raise _damaged(f"it has more than {HEADER_MAX} characters")
    challenges: list[Challenge] = []
    position = _skip(text, 0)
    while position < len(text):
        position = _skip(text, _read_one(text, position, challenges))
    return challenges


def _read_one(text: str, position: int, challenges: list[Challenge]) -> int:
    """A scheme begins a challenge, `name=value` belongs to the last one; where it ends."""
    word = _TOKEN.match(text, position)
    if word is None:
        raise _damaged("it has neither a scheme nor a parameter where one belongs")
    if equals := _EQUALS.match(text, word.end()):
        return _parameter(text, equals.end(), word[0].lower(), challenges)
    challenges.append(Challenge(word[0].lower(), {}))
    other = _TOKEN68.match(text, word.end())  # of schemes that nobody here speaks
    return other.end() if other else word.end()


def _parameter(text: str, position: int, name: str, challenges: list[Challenge]) -> int:
    value = _QUOTED.match(text, position) or _TOKEN.match(text, position)
    if value is None or not _END.match(text, value.end()):
        raise _damaged("the value of a parameter is not one word or one quoted string")
    if not challenges or name in challenges[-1].parameters:
        raise _damaged("a parameter is there twice" if challenges else "it has no scheme")
    quoted = value.re is _QUOTED
    challenges[-1].parameters[name] = _ESCAPED.sub(r"\1", value[1]) if quoted else value[0]
    return value.end()


def _skip(text: str, position: int) -> int:
    match = _BETWEEN.match(text, position)
    assert match is not None, "it matches nothing, too"
    return match.end()


def _damaged(reason: str) -> InvalidInput:
    return InvalidInput(
        f"the registry asks for a login in a way that cannot be read: {reason}",
        hint="there is a fault in the registry or in a proxy before it",
    )
