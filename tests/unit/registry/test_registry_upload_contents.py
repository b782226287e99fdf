"""What is uploaded can be read again from any byte on, and is the same each time."""

import gzip
import os
from pathlib import Path

import pytest
import zstandard

from engine.errors import EngineError
from engine.image import oci
from engine.image.oci import Descriptor
from engine.image.registry.contents import Compressed, Content, Stored
from engine.image.store.blobs import Blobs, sha256

DATA = os.urandom(1_200_000) + bytes(2_000_000) + os.urandom(300_000)


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """A store's blobs; DATA is one."""
    blobs = Blobs(str(tmp_path))
    blobs.add(DATA)
    return blobs


def pointer(data: bytes) -> Descriptor:
    return Descriptor(media_type=oci.LAYER, digest=sha256(data), size=len(data))


def read(content: Content, offset: int = 0) -> bytes:
    return b"".join(content.read(offset, lambda _done: None))


def test_a_stored_blob_is_what_it_is(blobs: Blobs) -> None:
    content = Stored(blobs, pointer(DATA))
    assert (content.digest, content.size) == (sha256(DATA), len(DATA))
    assert read(content) == DATA
    assert read(content, 1_234_567) == DATA[1_234_567:]


@pytest.mark.parametrize(("kind", "level"), [("gzip", None), ("gzip", 1), ("zstd", None), ("zstd", 1), ("none", None)])
def test_a_compressed_one_is_the_same_from_any_byte_on(blobs: Blobs, kind: str, level: int | None) -> None:
    content = Compressed(blobs, pointer(DATA), kind, level)
    whole = read(content)
    assert (content.digest, content.size) == (sha256(whole), len(whole))
    undo = {"gzip": gzip.decompress, "zstd": _unzstd, "none": bytes}[kind]
    assert undo(whole) == DATA
    for offset in (1, 9, 10, 500_000, 1 << 20, len(whole) - 1, len(whole)):
        again = Compressed(blobs, pointer(DATA), kind, level)
        assert read(again, offset) == whole[offset:]
        assert (again.digest, again.size) == (content.digest, content.size)


def _unzstd(data: bytes) -> bytes:
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)


def test_one_that_is_compressed_already_is_compressed_anew(blobs: Blobs) -> None:
    zipped = gzip.compress(DATA, mtime=0)
    blobs.add(zipped)
    assert _unzstd(read(Compressed(blobs, pointer(zipped), "zstd", 1))) == DATA
    assert read(Compressed(blobs, pointer(zipped), "none", None)) == DATA


def test_progress_is_in_bytes_of_what_is_stored(blobs: Blobs) -> None:
    told: list[int] = []
    for _ in Compressed(blobs, pointer(DATA), "gzip", 1).read(0, told.append):
        pass
    assert told == sorted(told)
    assert told[-1] == len(DATA)


def test_a_blob_that_is_damaged_on_disk_never_gets_to_its_end(blobs: Blobs) -> None:
    with open(blobs.path(sha256(DATA)), "r+b") as file:
        file.write(b"damage")
    content = Compressed(blobs, pointer(DATA), "gzip", 1)
    with pytest.raises(EngineError, match="damaged on disk"):
        read(content)
    assert content.digest == ""


def test_an_empty_layer_has_a_compressed_form(blobs: Blobs) -> None:
    blobs.add(b"")
    assert gzip.decompress(read(Compressed(blobs, pointer(b""), "gzip", None))) == b""
