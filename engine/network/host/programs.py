"""Programs of other firewalls, started only where their firewall has been found."""

import asyncio
import os
import shutil
from contextlib import suppress
from typing import Final

from engine import errors

_SECONDS: Final = 20.0
_MOST: Final = 4 << 20
"""Characters of an answer that are read."""
_FOLDERS: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""Where the host's programs are, whatever the PATH of whoever started the supervisor."""


def find(name: str) -> str | None:
    """The path of a program of the host."""
    return shutil.which(name, path=_FOLDERS)


async def run(*command: str, text: str = "") -> str:
    """What a program printed, in English. Raises `EngineError` with its words, or where it takes too long; OSError."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": _FOLDERS, "LC_ALL": "C"},
    )
    try:
        output, words = await asyncio.wait_for(process.communicate(text.encode()), _SECONDS)
    except TimeoutError:
        raise errors.EngineError(f"{os.path.basename(command[0])} takes longer than {_SECONDS:.0f} s") from None
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    if process.returncode:
        raise errors.EngineError(_complaint(command, process.returncode, words), errno=process.returncode)
    return output[:_MOST].decode("utf-8", "replace")


def _complaint(command: tuple[str, ...], code: int, words: bytes) -> str:
    said = " ".join(words.decode("utf-8", "replace").split())[:300]
    return f"{os.path.basename(command[0])} has failed (exit {code}): {said}"
