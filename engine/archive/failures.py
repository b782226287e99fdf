"""A failed kernel call on a member of an archive, in words: what could not be done with which file, and what helps."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from engine.archive.refusals import quoted
from engine.errors import Conflict, EngineError

_HINTS: Final = {
    errno.ENOSPC: "free some space there, or make more",
    errno.EDQUOT: "free some space there, or raise the quota",
    errno.EROFS: "choose a place that can be written to",
    errno.EFBIG: "the file system there takes no file of that size",
    errno.ENOTDIR: "a part of its path is a file",
    errno.ELOOP: "a part of its path is a symbolic link, which is not followed",
    errno.EBUSY: "a file system is mounted there",
    errno.ESTALE: "a program moved it meanwhile: try again, or pause the container first",
}
"""Where the errno's own words do not say what to do."""


@contextmanager
def told(deed: str, path: str) -> Iterator[None]:
    """What fails within is an `EngineError` that says so: `cannot write etc/motd: no space left on device`.

    A reader that has gone is no failure of the file's, and stays a BrokenPipeError.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as err:
        raise failed(deed, path, err) from err


def failed(deed: str, path: str, err: OSError) -> EngineError:
    """The error of one file; `deed` follows the word "cannot"."""
    number = err.errno or 0
    words = os.strerror(number) if number else str(err)
    kind = Conflict if number == errno.EROFS else EngineError
    message = f"cannot {deed} {quoted(os.fsencode(path)) or '/'}: {words[:1].lower()}{words[1:]}"
    return kind(message, hint=_HINTS.get(number, ""), errno=number)
