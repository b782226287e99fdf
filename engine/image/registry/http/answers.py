"""What a registry says when it refuses, in one clean sentence.

    {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest unknown", "detail": ...}]}     a registry
    {"details": "incorrect username or password"}                                                a token server

Source: distribution-spec 1.1, "Error Codes".
"""

from typing import Any, Final

import httpx
import msgspec

from engine.errors import EngineError, InvalidInput, NotFound, Unreachable
from engine.image.registry.http.bodies import cut

WORDS_MAX: Final = 200
"""Characters of a registry's own words that are shown."""
_ERRORS_MAX: Final = 3
_UNKNOWN: Final = frozenset({"MANIFEST_UNKNOWN", "NAME_UNKNOWN", "BLOB_UNKNOWN", "MANIFEST_BLOB_UNKNOWN"})
_DENIED: Final = frozenset({"UNAUTHORIZED", "DENIED"})
_NOT_FOUND, _TOO_MANY = 404, 429
_SERVER_ERROR: Final = 500


class Denied(EngineError):
    """A registry does not let this user do this, or does not know the user."""


class Complaint(msgspec.Struct):
    """One entry of a list of errors; what is not of these types is left out."""

    code: str = ""
    message: str = ""


class _Body(msgspec.Struct):
    errors: list[Any] = []
    details: Any = ""
    message: Any = ""
    error_description: Any = ""


def refusal(answer: httpx.Response, host: str, what: str) -> EngineError:
    """The error that an unexpected answer means; `what` was asked for: "app:latest", "blob sha256:..."."""
    complaints = read_complaints(answer.content)
    codes = {complaint.code for complaint in complaints}
    words = "; ".join(filter(None, (complaint.message or complaint.code for complaint in complaints)))
    told = f": {clean(words)}" if words else ""
    status = answer.status_code
    if status in {401, 403} or codes & _DENIED:
        return denied(host, what, told)
    if status == _NOT_FOUND or codes & _UNKNOWN:
        return NotFound(f"{host} has no {what}{told}", hint="check the name; a private one needs a login first")
    if status == _TOO_MANY:
        return Unreachable(f"{host} has had too many requests{told}", hint=f"wait a little, or log in: qd login {host}")
    if status >= _SERVER_ERROR:
        return Unreachable(f"{host} failed with {status} at {what}{told}", hint="the fault is there: try again later")
    return InvalidInput(f"{host} answered {status} to a request for {what}{told}", hint="is that a registry?")


def denied(host: str, what: str, told: str = "") -> Denied:
    """Somebody has to log in, or may not do this at all."""
    return Denied(f"{host} refuses access to {what}{told}", hint=f"log in as somebody who may: qd login {host}")


def read_complaints(body: bytes) -> list[Complaint]:
    """What a body says of errors; nothing where it is something else, such as a proxy's page."""
    try:
        found = msgspec.json.decode(body, type=_Body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []
    listed = [_complaint(entry) for entry in found.errors[:_ERRORS_MAX]]
    loose = next(
        (text for text in (found.details, found.error_description, found.message) if isinstance(text, str) and text), ""
    )
    return [entry for entry in listed if entry] or ([Complaint(message=loose)] if loose else [])


def clean(text: str, limit: int = WORDS_MAX) -> str:
    """A stranger's words without control characters, direction marks and line ends, cut at `limit` characters."""
    printable = "".join(char if char.isprintable() else " " for char in text[: 4 * limit])
    words = " ".join(printable.split())
    return words if len(words) <= limit else cut(words, limit)


def _complaint(entry: Any) -> Complaint | None:
    try:
        return msgspec.convert(entry, Complaint)
    except msgspec.ValidationError:
        return None
