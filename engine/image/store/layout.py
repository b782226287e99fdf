"""The index of an OCI image layout, and the locks under which it and the store change.

index.lock    held while index.json is read and replaced: short
ingest.lock   held shared while blobs and layers are added that no index entry holds yet, exclusive while what
              no entry holds is thrown away
layers.lock   a byte of it is held while one layer is unpacked, so that two pulls do not do the same work
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from engine.errors import EngineError
from engine.image import oci
from engine.image.oci import Descriptor, Index
from engine.image.store.blobs import Blobs
from engine.image.store.unsettled import Unsettled
from engine.state import files

INDEX_MAX: Final = 16 << 20


class Layout:
    """One OCI image layout on disk; made at the first change."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        self.blobs = Blobs(folder)
        self.unsettled = Unsettled(f"{folder}/unsettled")
        self.layers_lock = f"{folder}/layers.lock"
        self._index_path = f"{folder}/index.json"

    def version(self) -> tuple[int, int, int]:
        """Changes whenever the index does; cheap."""
        try:
            info = os.stat(self._index_path)
        except FileNotFoundError:
            return 0, 0, 0
        return info.st_ino, info.st_mtime_ns, info.st_size

    def entries(self) -> tuple[Descriptor, ...]:
        """The index as it is now. Raises EngineError where it is damaged."""
        try:
            data = files.read(self._index_path, limit=INDEX_MAX)
        except ValueError as err:
            raise EngineError(f"the index of the image store is damaged: {err}") from err
        if data is None:
            return ()
        return oci.decode(data, Index, f"the index of the image store, {self._index_path},").manifests

    def change(self, edit: Callable[[tuple[Descriptor, ...]], tuple[Descriptor, ...]]) -> None:
        """Replace the index by what `edit` makes of it; safe among processes."""
        self._make()
        with self._locked("index.lock", fcntl.LOCK_EX):
            before = self.entries()
            after = edit(before)
            if after != before or not os.path.exists(self._index_path):
                files.replace(self._index_path, oci.encode(Index(manifests=after)))

    def remove_unfinished(self) -> None:
        """Drop what a crash has left of a replacement: nobody is replacing anything while we have the lock."""
        with self._locked("index.lock", fcntl.LOCK_EX):
            for name in files.unfinished(self.folder):
                os.unlink(f"{self.folder}/{name}")

    @contextmanager
    def adding(self) -> Iterator[None]:
        """Whatever is added in this block is not taken for rubbish before the index has it.

        It is on disk when `unsettled.settle` has been called afterwards.
        """
        self._make()
        with self._locked("ingest.lock", fcntl.LOCK_SH), self.unsettled.noted():
            yield

    @contextmanager
    def collecting(self) -> Iterator[bool]:
        """True where nobody adds anything during this block, so that rubbish can be told from what is new."""
        self._make()
        try:
            with self._locked("ingest.lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
                yield True
                return
        except BlockingIOError:
            pass
        yield False

    @contextmanager
    def _locked(self, name: str, how: int) -> Iterator[None]:
        fd = os.open(f"{self.folder}/{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, how)
            yield
        finally:
            os.close(fd)

    def _make(self) -> None:
        marker = f"{self.folder}/oci-layout"
        if os.path.exists(marker):
            return
        os.makedirs(self.blobs.folder, mode=0o700, exist_ok=True)
        with self._locked("index.lock", fcntl.LOCK_EX):
            files.replace(marker, oci.LAYOUT)
