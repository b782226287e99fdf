"""A root file system becomes an image of one layer."""

import bz2
import gzip
import io
import lzma
import os
import stat
from pathlib import Path
from typing import Any

import pytest
import zstandard
from support import image_archives as archives

from engine.archive.limits import Limits
from engine.errors import InvalidInput
from engine.image import oci
from engine.image.formats.import_ import import_
from engine.image.store.images import Store

ROOT = archives.layer("hello", "greeting")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"{tmp_path}/image", f"{tmp_path}/layers")


def _import(store: Store, data: bytes, **how: Any) -> str:
    return import_(store, io.BytesIO(data), limits=Limits(), say=lambda _event: None, **how)


@pytest.mark.parametrize(
    ("compress", "media_type"),
    [
        (bytes, oci.LAYER),
        (gzip.compress, oci.LAYER_GZIP),
        (zstandard.compress, oci.LAYER_ZSTD),
        (bz2.compress, oci.LAYER),
        (lzma.compress, oci.LAYER),
    ],
)
def test_it_is_taken_in_any_compression(store: Store, compress: Any, media_type: str) -> None:
    image_id = _import(store, compress(ROOT), name="root:1")
    image = store.find("localhost/root:1")
    assert image.id == image_id
    assert image.layers == (archives.sha256(ROOT),)
    assert [layer.media_type for layer in store.manifest(image).layers] == [media_type]
    assert Path(store.lowers(image)[0], "greeting").read_text() == "hello"


def test_instructions_a_message_and_a_platform_are_in_the_config(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    image_id = _import(store, ROOT, changes=['CMD ["sh"]', "ENV a=b"], message="from a friend", platform="linux/arm/v6")
    image = store.find(image_id)
    assert image.names == ()
    config = dict(image.config)
    assert config["config"] == {"Cmd": ["sh"], "Env": ["a=b"]}
    assert (config["architecture"], config["variant"], config["created"]) == ("arm", "v6", "1970-01-01T00:00:00Z")
    assert config["history"] == [{"created": "1970-01-01T00:00:00Z", "comment": "from a friend"}]


def test_the_same_twice_is_the_same_image(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert _import(store, ROOT) == _import(store, ROOT)


@pytest.mark.parametrize(
    "data", [b"", b"hello" * 1000, ROOT[:514], gzip.compress(ROOT)[:-9], gzip.compress(ROOT) + b"more"]
)
def test_what_is_no_archive_is_refused_and_leaves_nothing(store: Store, data: bytes) -> None:
    with pytest.raises(InvalidInput):
        _import(store, data, name="root:1")
    assert store.images() == []
    for folder in (store.layout.blobs.folder, store.layout.blobs.ingest, store.unpacked.folder):
        assert not os.path.exists(folder) or os.listdir(folder) == []


def test_a_wrong_name_or_instruction_is_found_before_anything_is_read(store: Store) -> None:
    class Unread:
        def read(self, _size: int) -> bytes:
            raise AssertionError("it was read")

    for wrong in ({"name": "Not A Name"}, {"changes": ["RUN x"]}, {"platform": "///"}):
        with pytest.raises(InvalidInput):
            import_(store, Unread(), limits=Limits(), say=lambda _event: None, **wrong)  # type: ignore[arg-type]


def test_the_blob_is_only_readable_by_its_owner(store: Store) -> None:
    _import(store, ROOT)
    for blob in Path(store.layout.blobs.folder).iterdir():
        assert stat.S_IMODE(blob.stat().st_mode) & 0o077 == 0
