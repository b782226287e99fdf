"""The files of an archive of images, taken off a stream in whatever order they come.

Each is hashed on its way into a folder of the store, and becomes a blob when an image is found to need it. Names in
the archive are keys and nothing else: no file is ever called by them.
"""

import os
import posixpath
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import Final, NamedTuple

from engine.archive.hashing import HashingOutput
from engine.archive.limits import Limits
from engine.archive.member import HARD_LINK, Member
from engine.archive.reader import Reader
from engine.archive.refusals import quoted
from engine.errors import InvalidInput
from engine.image.oci import DOCUMENT_MAX
from engine.image.store.blobs import Blobs

FILES_MAX: Final = 20_000
"""Files of one archive: documents and layers."""
_LINKS_MAX: Final = 20


class Kept(NamedTuple):
    """One file of the archive."""

    path: str
    """Where it lies on this host."""
    digest: str
    size: int


class Contents:
    """What an archive has: each file by its name in there."""

    def __init__(self, folder: str, progress: Callable[[int], None] = lambda _bytes: None) -> None:
        self._folder = folder
        self._progress = progress
        self._files: dict[str, Kept] = {}
        self._links: dict[str, str] = {}
        self._count = self._done = 0

    def take(self, reader: Reader) -> None:
        """Read the whole archive. Raises InvalidInput."""
        for member in reader:
            name = _name(member.path)
            if stat.S_ISREG(member.kind):
                self._add(name, self._keep(member, reader))
            elif stat.S_ISLNK(member.kind):
                self._link(name, posixpath.join(posixpath.dirname(name), _text(member.target)))
            elif member.kind == HARD_LINK:
                self._link(name, _text(member.target))
            elif not stat.S_ISDIR(member.kind):
                raise refused(f"{quoted(member.path)} is neither a file nor a directory nor a link")
        reader.drain()

    def __contains__(self, name: str) -> bool:
        return self._find(name) is not None

    def file(self, name: str) -> Kept:
        """A file by its name, links followed within the archive. Raises InvalidInput where there is none."""
        kept = self._find(name)
        if kept is None:
            raise refused(f"it has no {_shown(name)}, which it needs")
        return kept

    def blob(self, digest: str, size: int) -> Kept:
        """A blob of a layout: of this digest and this size, or InvalidInput."""
        kept = self.file(f"blobs/{digest.replace(':', '/')}")
        if kept.digest != digest:
            raise refused(f"what is in it as {digest} is {kept.digest}")
        if kept.size != size:
            raise refused(f"{digest} has {kept.size} bytes and not {size}")
        return kept

    def document(self, kept: Kept) -> bytes:
        """A small file whole. Raises InvalidInput where it is too large for a document."""
        if kept.size > DOCUMENT_MAX:
            raise refused(f"a document in it has {kept.size} bytes, more than {DOCUMENT_MAX}")
        with open(kept.path, "rb") as file:
            return file.read()

    def make(self, pieces: Iterable[bytes]) -> Kept:
        """One more file of this content, without a name."""
        path = f"{self._folder}/{os.urandom(8).hex()}"
        with open(path, "xb") as file:
            output = HashingOutput(file)
            for piece in pieces:
                output.write(piece)
        return Kept(path, output.digest, output.size)

    def _keep(self, member: Member, reader: Reader) -> Kept:
        if member.data is not None:
            raise refused(f"{quoted(member.path)} in it is a sparse file")
        self._count += 1
        if self._count > FILES_MAX:
            raise refused(f"it has more than {FILES_MAX} files")
        return self.make(self._told(reader))

    def _told(self, reader: Reader) -> Iterator[bytes]:
        for _, data in reader.content():
            yield data
            self._done += len(data)
            self._progress(self._done)

    def _add(self, name: str, kept: Kept) -> None:
        known = self._files.setdefault(name, kept)
        if known.digest != kept.digest or name in self._links:
            raise refused(f"{_shown(name)} is in it twice, and not the same")

    def _link(self, name: str, target: str) -> None:
        known = self._links.setdefault(name, posixpath.normpath(target))
        if known != posixpath.normpath(target) or name in self._files:
            raise refused(f"{_shown(name)} is in it twice, and not the same")

    def _find(self, name: str) -> Kept | None:
        name = posixpath.normpath(name)
        for _ in range(_LINKS_MAX):
            if name in self._files:
                return self._files[name]
            if name not in self._links:
                return None
            name = self._links[name]
        return None


def adopt(blobs: Blobs, kept: Kept) -> None:
    """Let a file of an archive be a blob of the store, which it may be already. Within `adding()`."""
    if os.path.exists(blobs.path(kept.digest)):
        return
    os.makedirs(blobs.folder, mode=0o700, exist_ok=True)
    os.link(kept.path, f"{kept.path}.blob")
    os.rename(f"{kept.path}.blob", blobs.path(kept.digest))


def limits_of_archive(limits: Limits) -> Limits:
    """The same for an archive of archives: many bytes, few members."""
    return limits._replace(entries_max=min(limits.entries_max, 4 * FILES_MAX))


def _name(path: bytes) -> str:
    """Names of such archives are ASCII. Raises InvalidInput for one that would lead out of the archive."""
    name = _text(path)
    if name.startswith("/") or ".." in name.split("/"):
        raise refused(f"{quoted(path)} leads out of it")
    return posixpath.normpath(name)


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")


def _shown(name: str) -> str:
    return quoted(name.encode("utf-8", "surrogateescape"))


def refused(reason: str) -> InvalidInput:
    """The error for an archive that has no images, or not whole ones."""
    return InvalidInput(
        f"the archive cannot be loaded: {reason}", hint="make it again: docker save, podman save, skopeo copy"
    )
