"""The unpacked layers of a store, each once for all images and containers.

    layers/HEX/fs            what overlay mounts: its whiteouts and opaque directories are overlay's
              /layer.json    LayerRecord
    layers/.ingest-*         one that is being unpacked

HEX is of the layer's diff_id, the digest of its archive without compression. But an archive may leave to the layers
below what comes of it: a directory that it does not name gets the attributes that it has there, `lib/x` lands in
`usr/lib` where `lib` is a link to that, and a hard link may lead to a file of theirs. What was unpacked over one stack
is then wrong over another, and HEX is of the layer's chain id, which names the layer with all that lie below it. For
the lowest layer both are the same.

Source: OCI image-spec 1.1, config.md, "Layer ChainID".
"""

import errno
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final

import msgspec

from engine.image.oci import Digest
from engine.image.store.blobs import hexadecimal, sha256
from engine.model.value import Value
from engine.state import files, tree

INGEST: Final = ".ingest-"
"""How the name of a layer begins that is being unpacked."""
VERSION: Final = 2
_RECORD_MAX: Final = 64 << 10
_BLOBS_MAX: Final = 100


class LayerRecord(Value, frozen=True, kw_only=True):
    """layer.json, beside each unpacked layer. Version 1 had `size_bytes` alone."""

    version: int = VERSION
    size_bytes: int = 0
    """Of its files."""
    tar_bytes: int = 0
    """Of the archive without compression; 0 is not known."""
    root: bool = False
    """The archive had an entry for `/` itself, whose attributes `fs` has."""
    depends: bool = False
    """What was unpacked is right over the layers alone that it was unpacked over."""
    blobs: tuple[Digest, ...] = ()
    """Blobs that were seen to hold this archive, compressed one way or another."""


class Unpacked:
    """The folder of a store's unpacked layers."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def key(self, diff_ids: Sequence[str], index: int) -> str | None:
        """Under which digest the layer is unpacked that lies at `index`, from the bottom up; None where it is not."""
        chain, diff_id = chain_id(diff_ids[: index + 1]), diff_ids[index]
        if self.has(chain):
            return chain
        if self.has(diff_id) and not self.record(diff_id).depends:
            return diff_id
        return None

    def place(self, diff_ids: Sequence[str], index: int) -> str | None:
        """The directory to mount for the layer at `index`; None where it is not unpacked."""
        key = self.key(diff_ids, index)
        return None if key is None else self.path(key)

    def path(self, key: str) -> str:
        """The directory to mount of an unpacked layer, whether it is there or not."""
        return f"{self.folder}/{hexadecimal(key)}/fs"

    def has(self, key: str) -> bool:
        """Whether a layer is unpacked under this digest."""
        return os.path.isdir(self.path(key))

    def record(self, key: str) -> LayerRecord:
        """What is known of a layer; nothing where that cannot be read."""
        with suppress(ValueError, msgspec.DecodeError):
            data = files.read(self._record_path(key), limit=_RECORD_MAX)
            if data is not None:
                return msgspec.json.decode(data, type=LayerRecord)
        return LayerRecord(version=0)

    @contextmanager
    def growing(self) -> Iterator[str]:
        """A new folder with an empty `fs` in it, which goes at the end of the block unless `keep` has taken it."""
        os.makedirs(self.folder, mode=0o700, exist_ok=True)
        folder = f"{self.folder}/{INGEST}{os.getpid()}-{os.urandom(8).hex()}"
        try:
            os.makedirs(f"{folder}/fs")
            os.chmod(f"{folder}/fs", 0o755)  # noqa: S103 - it becomes a root, and lies in a folder of ours
            yield folder
        finally:
            tree.remove(folder)

    def keep(self, folder: str, key: str, record: LayerRecord) -> None:
        """Give a folder that has grown its name. It is on disk when the store is settled.

        Where the name is taken the layer there stays as it is, since containers may stand on it.
        """
        files.replace(f"{folder}/layer.json", msgspec.json.encode(record), durable=False)
        try:
            os.rename(folder, f"{self.folder}/{hexadecimal(key)}")
        except OSError as err:
            if err.errno not in {errno.EEXIST, errno.ENOTEMPTY}:
                raise

    def note_blob(self, key: str, digest: str) -> None:
        """Remember that a blob holds the archive of this layer."""
        record = self.record(key)
        known = (*(blob for blob in record.blobs if blob != digest), digest)[-_BLOBS_MAX:]
        noted = msgspec.structs.replace(record, version=VERSION, blobs=known)
        files.replace(self._record_path(key), msgspec.json.encode(noted), durable=False)

    def _record_path(self, key: str) -> str:
        return f"{self.folder}/{hexadecimal(key)}/layer.json"


def chain_id(diff_ids: Sequence[str]) -> str:
    """The digest that names a layer with all below it, of their diff_ids from the bottom up."""
    chain = diff_ids[0]
    for diff_id in diff_ids[1:]:
        chain = sha256(f"{chain} {diff_id}".encode())
    return chain
