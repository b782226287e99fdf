"""Programs that keep credentials: docker-credential-NAME get, store, erase.

    get       in: the server            out: {"ServerURL": ..., "Username": ..., "Secret": ...}
    store     in: the same object
    erase     in: the server

The user `<token>` means that the secret is an identity token. What fails says so on standard output.

Source: github.com/docker/docker-credential-helpers, README.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import threading
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec

from engine.errors import EngineError, InvalidInput
from engine.image.registry.access.tokens import Credentials
from engine.image.registry.http.answers import clean

OUTPUT_MAX: Final = 64 << 10
"""Bytes."""
SECONDS_MAX: Final = 60.0
"""It may ask a person to unlock something."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_NONE: Final = "credentials not found"
_TOKEN_USER: Final = "<token>"  # noqa: S105 - what stands for one


class NoHelper(EngineError):
    """The program is not installed."""


class _Kept(msgspec.Struct, rename={"username": "Username", "secret": "Secret"}):
    username: str = ""
    secret: str = ""


class Helper(NamedTuple):
    """One such program, by its name."""

    name: str
    seconds: float = SECONDS_MAX

    def get(self, server: str) -> Credentials | None:
        """What it has for a server. Raises NoHelper, InvalidInput, EngineError."""
        code, output = self._run("get", server)
        if code:
            if _NONE in output.decode("utf-8", "replace"):
                return None
            raise self._failed(output)
        try:
            kept = msgspec.json.decode(output, type=_Kept)
        except (msgspec.DecodeError, UnicodeDecodeError) as err:
            raise InvalidInput(f"the answer of {self._program} cannot be read", hint="is that the right one?") from err
        if kept.username == _TOKEN_USER:
            return Credentials(identity_token=kept.secret)
        return Credentials(kept.username, kept.secret) if kept.username else None

    def store(self, server: str, credentials: Credentials) -> None:
        """Keep them. Raises NoHelper, InvalidInput, EngineError."""
        kept = {"ServerURL": server, "Username": credentials.username, "Secret": credentials.password}
        if credentials.identity_token:
            kept |= {"Username": _TOKEN_USER, "Secret": credentials.identity_token}
        code, output = self._run("store", json.dumps(kept))
        if code:
            raise self._failed(output)

    def erase(self, server: str) -> bool:
        """Forget what it has for a server; whether there was something. Raises NoHelper, InvalidInput, EngineError."""
        if self.get(server) is None:
            return False
        code, output = self._run("erase", server)
        if code:
            raise self._failed(output)
        return True

    @property
    def _program(self) -> str:
        return f"docker-credential-{self.name}"

    def _run(self, verb: str, text: str) -> tuple[int, bytes]:
        if not _NAME.fullmatch(self.name):
            raise InvalidInput(f"{self.name!a:.80} is not the name of a credential helper")
        path = shutil.which(self._program)
        if path is None:
            raise NoHelper(f"{self._program} is not installed", hint="install it, or take it out of the file")
        process = subprocess.Popen(
            [path, verb],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self._converse(process, text.encode())

    def _converse(self, process: "subprocess.Popen[bytes]", data: bytes) -> tuple[int, bytes]:
        """Its exit code and its output."""
        late = threading.Timer(self.seconds, _end, (process,))
        late.start()
        assert process.stdin and process.stdout
        try:
            with process.stdout as answer:
                with suppress(BrokenPipeError), process.stdin as question:
                    question.write(data)
                output = answer.read(OUTPUT_MAX + 1)
            if len(output) > OUTPUT_MAX:
                raise InvalidInput(f"{self._program} says more than {OUTPUT_MAX} bytes")
            return process.wait(), output
        finally:
            late.cancel()
            _end(process)
            process.wait()

    def _failed(self, output: bytes) -> EngineError:
        words = clean(output.decode("utf-8", "replace")) or "it says nothing"
        return EngineError(f"{self._program} failed: {words}", hint="try it by hand, or log in with --authfile FILE")


def _end(process: "subprocess.Popen[bytes]") -> None:
    """With all that it has started, or a pipe would stay open; nothing where it has ended by itself."""
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
