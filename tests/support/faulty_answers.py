"""What may go wrong between a client and a registry, as values: which requests are spoilt, how often, and how."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

FOR_EVER: Final = 1 << 30


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What a client is to see."""

    status: int
    headers: Mapping[str, str]
    """By names in lower case."""
    body: bytes
    cut_after: int | None = None
    """Bytes of the body after which the connection ends; None: it does not."""
    stalls: bool = False
    """Where it is cut, nothing more is said, but the connection stays until the proxy ends."""

    def with_headers(self, **headers: str) -> "Answer":
        """The same with these; `_` stands for `-`."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return replace(self, headers={**self.headers, **named})


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a client asked."""

    method: str
    path: str
    """With what is behind `?`."""
    headers: Mapping[str, str]
    """By names in lower case."""


@dataclass(kw_only=True)
class Fault:
    """What is spoilt, and how often."""

    path: str
    """A regular expression that is found in the path."""
    change: Callable[[Answer], Answer] = lambda answer: answer
    method: str = "GET"
    times: int = 1
    skip: int = 0
    """So many such requests pass first."""
    instead: bool = False
    """The registry is not even asked: `change` gets an empty answer 200."""
    cut_request_after: int | None = None
    """The registry gets so many bytes of the request's body, and the client no answer."""
    keep_of_request: int | None = None
    """The same with a registry that keeps them and can say so, which docker-registry does not."""
    hits: int = field(default=0, init=False)

    def is_for(self, request: Request) -> bool:
        """Count the request, where it is such a one."""
        if request.method != self.method or not re.search(self.path, request.path):
            return False
        self.hits += 1
        return self.skip < self.hits <= self.skip + self.times


def cut(after: int) -> Callable[[Answer], Answer]:
    """The connection ends after so many bytes of the body."""
    return lambda answer: replace(answer, cut_after=after)


def stall(after: int) -> Callable[[Answer], Answer]:
    """Nothing more comes after so many bytes of the body."""
    return lambda answer: replace(answer, cut_after=after, stalls=True)


def status(code: int, **headers: str) -> Callable[[Answer], Answer]:
    """Another status, and a body that only says so."""
    body = b'{"errors": [{"code": "TEST", "message": "not now"}]}'
    return lambda _: Answer(status=code, headers={"content-type": "application/json"}, body=body).with_headers(
        **headers
    )


def redirect(to: str, code: int = 307) -> Callable[[Answer], Answer]:
    """Look elsewhere."""
    return status(code, location=to)


def headers(**named: str) -> Callable[[Answer], Answer]:
    """These instead of the registry's own."""
    return lambda answer: answer.with_headers(**named)


def truncate(by: int) -> Callable[[Answer], Answer]:
    """A body that is too short, and knows it."""
    return lambda answer: replace(answer, body=answer.body[:-by])


def append(data: bytes) -> Callable[[Answer], Answer]:
    """A body that is too long, and knows it."""
    return lambda answer: replace(answer, body=answer.body + data)


def flip(at: int) -> Callable[[Answer], Answer]:
    """One bit of the byte at this place is another one; from the end where it is negative."""

    def change(answer: Answer) -> Answer:
        body = bytearray(answer.body)
        body[at % len(body)] ^= 1
        return replace(answer, body=bytes(body))

    return change
