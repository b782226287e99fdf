"""Something that happened."""

from engine.model.value import Value


class Event(Value, frozen=True, kw_only=True):
    """One line of the journal, in Docker's words."""

    time_ns: int
    type: str
    """container or image."""
    action: str
    """create, start, die, oom, pause, ..., destroy; tag, delete."""
    id: str
    name: str
    attributes: dict[str, str] = {}
    """exitCode, signal, image, cause, ..."""
