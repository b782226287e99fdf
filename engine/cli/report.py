"""How a failure is told: one sentence and a hint on stderr, never a traceback."""

import os
import sys
from contextlib import suppress

from engine.cli.render.clean import printable
from engine.errors import EngineError


def failure(err: EngineError) -> int:
    """Print the error; its exit code."""
    say(err.message)
    if err.hint:
        _write(f"hint: {printable(err.hint)}\n")
    return err.exit_code


def say(message: str) -> None:
    """One sentence for a person; what strangers named in it cannot reach the terminal as an escape."""
    _write(f"qd: {printable(message)}\n")


def warning(text: str) -> None:
    """What a user of this host should know; the engine tells each once."""
    _write(f"qd: warning: {printable(text)}\n")


def defect(err: Exception) -> int:
    """An error that nobody foresaw. With QUARTERDECK_DEBUG set the place is shown."""
    if os.environ.get("QUARTERDECK_DEBUG"):
        import traceback

        traceback.print_exception(err)
    if isinstance(err, OSError) and err.strerror:
        say(f"{err.strerror}: {err.filename}" if err.filename else err.strerror)
    else:
        say(f"this should not happen: {type(err).__name__}: {err}")
    _write("hint: QUARTERDECK_DEBUG=1 shows where it comes from\n")
    return EngineError.exit_code


def _write(text: str) -> None:
    with suppress(OSError):  # a full disk behind stdout: the words still reach whoever reads stderr
        sys.stdout.flush()
    sys.stderr.write(text)
    sys.stderr.flush()
