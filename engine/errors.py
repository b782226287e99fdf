"""Every error the engine reports, on one page.

    EngineError                     exit 125: something of the engine's own
    ├── InvalidInput                a flag, a name, a file that is not what it must be
    ├── NotFound                    no such container, image, exec session
    ├── Conflict                    a name is taken, a state forbids the action
    ├── MissingFeature              the kernel or the host lacks or refuses something
    ├── Unreachable                 no supervisor answers and none can be started
    ├── SetupFailed                 the container could not be set up; a kernel call failed
    ├── ProgramNotFound             exit 127: the program is not in the container
    └── ProgramNotExecutable        exit 126: it is there, but cannot be executed

A message is one sentence for a person, without a full stop; a hint says what to do about it.
"""

from typing import ClassVar


class EngineError(Exception):
    """What went wrong, in words; `hint` is the way out, `errno` is for code."""

    exit_code: ClassVar[int] = 125

    def __init__(self, message: str, *, hint: str = "", errno: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.errno = errno

    def to_json(self) -> dict[str, str | int]:
        """The form in which an error crosses a socket."""
        return {"kind": type(self).__name__, "message": self.message, "hint": self.hint, "errno": self.errno}


class InvalidInput(EngineError):
    """A flag, a name or a file that is not what it must be."""


class NotFound(EngineError):
    """No such container, image or session."""


class Conflict(EngineError):
    """A name is taken, or the state of the thing forbids the action."""


class MissingFeature(EngineError):
    """The kernel or the host lacks or refuses something that is needed."""


class Unreachable(EngineError):
    """No supervisor answers, and none can be started."""


class SetupFailed(EngineError):
    """A kernel call failed while a container was being set up."""


class ProgramNotFound(EngineError):
    """The program to run is not in the container."""

    exit_code = 127


class ProgramNotExecutable(EngineError):
    """The program is in the container, but cannot be executed."""

    exit_code = 126


KINDS: dict[str, type[EngineError]] = {
    kind.__name__: kind
    for kind in (
        EngineError,
        InvalidInput,
        NotFound,
        Conflict,
        MissingFeature,
        Unreachable,
        SetupFailed,
        ProgramNotFound,
        ProgramNotExecutable,
    )
}


def from_json(data: dict[str, object]) -> EngineError:
    """The error that the other side of a socket reported; an unknown kind is an `EngineError`."""
    kind = KINDS.get(str(data.get("kind")), EngineError)
    errno = data.get("errno", 0)
    return kind(
        str(data.get("message", "unknown error")),
        hint=str(data.get("hint", "")),
        errno=errno if isinstance(errno, int) else 0,
    )
