"""Content-addressed files: each is called by the sha256 of what is in it.

A blob grows in the folder `ingest/` beside, is hashed while it is written, and gets its name when it is complete.
So whatever has a name is whole, and what a crash leaves behind is in `ingest/`; in `partial/`, where it is called by
the digest that it is to have, lies what may be fetched on.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from typing import Final

from engine.errors import EngineError, NotFound
from engine.image.oci import DOCUMENT_MAX, Descriptor
from engine.state import files

BUFFER: Final = 1 << 20


class BlobWriter:
    """One blob that is being written."""

    def __init__(self, fd: int) -> None:
        self._file = open(fd, "wb", buffering=BUFFER)  # noqa: SIM115 - closed by Blobs.writer
        self._hash = hashlib.sha256()
        self.size = 0

    @property
    def digest(self) -> str:
        """Of what has been written so far."""
        return f"sha256:{self._hash.hexdigest()}"

    def write(self, data: bytes) -> None:
        """Append all of `data`."""
        self._hash.update(data)
        self._file.write(data)
        self.size += len(data)

    def close(self, *, durable: bool) -> None:
        """Everything is written afterwards; on disk where it is to be `durable`."""
        with self._file:
            self._file.flush()
            if durable:
                os.fsync(self._file.fileno())


class Blobs:
    """The blobs of one OCI image layout."""

    def __init__(self, layout: str) -> None:
        self.folder = f"{layout}/blobs/sha256"
        self.ingest = f"{layout}/ingest"
        self.partials = f"{layout}/partial"

    def path(self, digest: str) -> str:
        """Where the blob of a digest lies, whether it is there or not."""
        return f"{self.folder}/{hexadecimal(digest)}"

    def size(self, digest: str) -> int | None:
        """Bytes of a blob; None where it is not there."""
        try:
            return os.stat(self.path(digest), follow_symlinks=False).st_size
        except FileNotFoundError:
            return None

    def has(self, descriptor: Descriptor) -> bool:
        """Whether a blob is there, in its full size."""
        return self.size(descriptor.digest) == descriptor.size

    def open(self, digest: str) -> FileIO:
        """A blob to be read from its beginning, without a buffer. Raises NotFound."""
        try:
            return open(os.open(self.path(digest), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), "rb", buffering=0)
        except FileNotFoundError:
            raise _missing(digest) from None

    def read(self, digest: str, limit: int = DOCUMENT_MAX) -> bytes:
        """A small blob, verified. Raises NotFound, and EngineError where its content is another."""
        try:
            data = files.read(self.path(digest), limit=limit)
        except ValueError as err:
            raise EngineError(f"the blob {digest} is too large to be a document") from err
        if data is None:
            raise _missing(digest)
        if sha256(data) != digest:
            raise EngineError(f"the blob {digest} is damaged on disk", hint="remove the image and get it again")
        return data

    def is_right(self, digest: str) -> bool:
        """Whether a blob is there and what it is called. Reads all of it."""
        try:
            with self.open(digest) as file:
                return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}" == digest
        except NotFound:
            return False

    def remove(self, digest: str) -> None:
        """Drop a blob; gone already is success."""
        with suppress(FileNotFoundError):
            os.unlink(self.path(digest))

    @contextmanager
    def writer(self, expected: str | None = None, *, durable: bool = False) -> Iterator[BlobWriter]:
        """A new blob, kept at the end of the block; dropped where the block fails or the digest is not `expected`.

        Unless it is `durable`, it is on disk when the store is settled. Within `Layout.adding()`.
        """
        os.makedirs(self.ingest, mode=0o700, exist_ok=True)
        path = f"{self.ingest}/{os.getpid()}-{os.urandom(8).hex()}"
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            writer = BlobWriter(fd)
            try:
                yield writer
            finally:
                writer.close(durable=durable)
            self._keep(path, writer, expected)
            if durable:
                files.sync_folder(self.folder)
        finally:
            with suppress(FileNotFoundError):
                os.unlink(path)

    def add(self, data: bytes) -> str:
        """Keep a small blob; its digest."""
        with self.writer(durable=True) as writer:
            writer.write(data)
        return writer.digest

    def _keep(self, path: str, writer: BlobWriter, expected: str | None) -> None:
        if expected is not None and writer.digest != expected:
            raise EngineError(f"what was received as {expected} is {writer.digest}", hint="try again")
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        os.rename(path, self.path(writer.digest))


def _missing(digest: str) -> NotFound:
    return NotFound(f"the blob {digest} is missing from the image store", hint="get the image again")


def sha256(data: bytes) -> str:
    """The digest of some bytes."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def hexadecimal(digest: str) -> str:
    """The part of a digest that is a file's name. Raises ValueError for anything that could lead elsewhere."""
    algorithm, _, name = digest.partition(":")
    if algorithm != "sha256" or len(name) != 64 or not set(name) <= set("0123456789abcdef"):
        raise ValueError(f"{digest!r} is no sha256 digest")
    return name
