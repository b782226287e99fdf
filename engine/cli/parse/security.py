"""`--security-opt`, in Docker's words."""

from collections.abc import Iterable
from typing import Any

from engine.cli.parse.environment import read_text
from engine.errors import InvalidInput

_HINT = "seccomp=FILE, seccomp=unconfined or seccomp=builtin"


def parse_security(texts: Iterable[str]) -> dict[str, Any]:
    """The fields of `CreateOptions` that options name; a file is read here, on the client's side.

    Raises `InvalidInput`.
    """
    found: dict[str, Any] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if key != "seccomp" or not equals or not value:
            raise InvalidInput(f"the security option {text!r} is not known", hint=_HINT)
        found["seccomp"] = _policy(value)
    return found


def _policy(value: str) -> str:
    if value == "builtin":
        return ""
    return value if value == "unconfined" else read_text(value)
