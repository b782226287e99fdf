"""Messages as runc words and formats them, for people and for the programs that drive a runtime.

Text is `time="..." level=error msg="..."`, JSON one object a line with level, msg and time: conmon, containerd and
dockerd read the last error from the file of `--log`. Source: runc(8), "--log-format"; logrus' text formatter.
"""

import os
import sys
import time
from typing import Final

_LEVELS: Final = ("debug", "info", "warning", "error")
_STDERR: Final = ("", "/dev/stderr")


class Log:
    """Where messages go; it opens its file at the first of them."""

    def __init__(self, path: str = "", form: str = "text", debug: bool = False) -> None:
        self.path = path.removeprefix("file:")
        self.form = form
        self.is_debug = debug

    def debug(self, text: str) -> None:
        """Say it only with `--debug`."""
        if self.is_debug:
            self._write("debug", text)

    def warn(self, text: str) -> None:
        """Something is not as it was asked for."""
        self._write("warning", text)

    def error(self, text: str) -> None:
        """The verb fails. A person sees it too where the log is a file."""
        self._write("error", text)
        if self.path not in _STDERR:
            sys.stderr.write(f"{printable(text)}\n")

    def check(self) -> None:
        """Make the file now, so that a wrong path fails before anything is made. Raises OSError."""
        if self.path not in _STDERR:
            os.close(self._open())

    def _write(self, level: str, text: str) -> None:
        line = self._line(level, text)
        if self.path in _STDERR:
            sys.stderr.write(line)
            sys.stderr.flush()
            return
        fd = self._open()
        try:
            os.write(fd, line.encode("utf-8", "replace"))
        finally:
            os.close(fd)

    def _open(self) -> int:
        return os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def _line(self, level: str, text: str) -> str:
        import json

        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        if self.form == "json":
            return json.dumps({"level": level, "msg": text, "time": stamp}, separators=(",", ":")) + "\n"
        return f'time="{stamp}" level={level} msg={_quoted(json.dumps(text, ensure_ascii=False))}\n'


def _quoted(text: str) -> str:
    """JSON leaves in place what drives a terminal from beyond ASCII; logrus, and so this, does not."""
    return "".join(char if char.isprintable() else f"\\u{ord(char):04x}" for char in text)


def printable(text: str) -> str:
    """Without what could drive a terminal: a container's words may be in it."""
    return "".join(char if char.isprintable() or char in "\n\t" else "?" for char in text)
