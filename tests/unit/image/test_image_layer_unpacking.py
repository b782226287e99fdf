"""Layers unpacked into the store: once, whole, and only if their archive is what the config says."""

import bz2
import gzip
import io
import lzma
import multiprocessing
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from support import images

from engine.archive.limits import Limits
from engine.errors import EngineError, InvalidInput, NotFound
from engine.image import oci
from engine.image.store.blobs import sha256
from engine.image.store.images import Store
from engine.image.store.ingest import unpack_layer
from engine.image.store.unpacked import chain_id

LIMITS = Limits()
FILES = {"etc/motd": b"hello", "big": os.urandom(100_000)}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(f"{tmp_path}/image", f"{tmp_path}/layers")


def put(store: Store, *layers: images.Layer) -> None:
    for one in layers:
        images.put_blob(store, one.blob)


def unpack(store: Store, *layers: images.Layer, limits: Limits = LIMITS) -> list[tuple[int, int]]:
    """All of them, from the bottom up; the progress of the last."""
    told: list[tuple[int, int]] = []
    descriptors, diff_ids = [one.descriptor for one in layers], [one.diff_id for one in layers]
    with store.adding():
        put(store, *layers)
        for index in range(len(layers)):
            told.clear()
            unpack_layer(store, descriptors, diff_ids, index, limits, lambda done, total: told.append((done, total)))
    return told


def rubbish(store: Store) -> list[str]:
    """What half a layer would leave."""
    folders = [Path(store.unpacked.folder), Path(store.layout.blobs.ingest)]
    return [str(path) for folder in folders if folder.exists() for path in folder.iterdir()]


@pytest.mark.parametrize(
    "compress",
    [bytes, lambda tar: gzip.compress(tar), bz2.compress, lzma.compress, zstandard.ZstdCompressor().compress],
    ids=["none", "gzip", "bzip2", "xz", "zstd"],
)
@pytest.mark.parametrize("media_type", [oci.LAYER, oci.LAYER_GZIP, oci.DOCKER_LAYER_ZSTD])
def test_an_archive_is_unpacked_whatever_its_type_says_of_its_compression(
    store: Store, compress: Callable[[bytes], bytes], media_type: str
) -> None:
    tar = images.archive(FILES)
    one = images.Layer(compress(tar), sha256(tar), media_type)
    told = unpack(store, one)
    place = store.layer_place([one.diff_id], 0)
    assert place is not None
    assert {name: Path(place, name).read_bytes() for name in FILES} == FILES
    record = store.unpacked.record(one.diff_id)
    assert (record.tar_bytes, record.size_bytes) == (len(tar), sum(map(len, FILES.values())))
    assert told[-1] == (len(one.blob), len(one.blob))


def test_a_layer_that_is_there_is_not_unpacked_again(store: Store) -> None:
    one = images.layer(FILES)
    unpack(store, one)
    place = Path(str(store.layer_place([one.diff_id], 0)))
    (place / "mark").write_bytes(b"")
    assert unpack(store, one) == [(len(one.blob), len(one.blob))]
    assert (place / "mark").exists()


def test_another_blob_of_a_known_layer_is_hashed_once_and_refused_where_it_is_not_that_layer(store: Store) -> None:
    one, plain = images.layer(FILES), images.layer(FILES, oci.LAYER)
    again = images.Layer(gzip.compress(images.archive(FILES), 1), one.diff_id)
    liar = images.Layer(gzip.compress(images.archive({"evil": b""})), one.diff_id)
    unpack(store, one)
    assert len(unpack(store, again)) > 1
    assert len(unpack(store, again)) == 1
    assert len(unpack(store, plain)) == 1
    with pytest.raises(InvalidInput, match="config of the image says"):
        unpack(store, liar)
    assert set(store.unpacked.record(one.diff_id).blobs) == {one.descriptor.digest, again.descriptor.digest}


@pytest.mark.parametrize(
    "tamper",
    [
        lambda blob, tar: blob[:-1],
        lambda blob, tar: blob[: len(blob) // 2],
        lambda blob, tar: blob + b"x",
        lambda blob, tar: gzip.compress(tar[:1000]),
        lambda blob, tar: gzip.compress(tar + tar),
        lambda blob, tar: gzip.compress(tar + b"\0" * 512),
        lambda blob, tar: gzip.compress(tar.replace(b"hello", b"jello")),
        lambda blob, tar: b"",
        lambda blob, tar: b"no archive at all" * 100,
    ],
)
def test_what_is_not_the_archive_of_the_diff_id_leaves_nothing(
    store: Store, tamper: Callable[[bytes, bytes], bytes]
) -> None:
    tar = images.archive(FILES)
    one = images.Layer(tamper(gzip.compress(tar), tar), sha256(tar))
    with pytest.raises(InvalidInput):
        unpack(store, one)
    assert rubbish(store) == []
    assert store.layer_place([one.diff_id], 0) is None


def test_every_byte_of_a_blob_counts(store: Store) -> None:
    tar = images.archive({"a": b"hello"})
    for position in range(0, len(tar), 97):
        other = bytearray(tar)
        other[position] ^= 0x20
        with pytest.raises(InvalidInput):
            unpack(store, images.Layer(bytes(other), sha256(tar), oci.LAYER))
    assert rubbish(store) == []


def test_limits_hold_while_unpacking_and_while_hashing(store: Store) -> None:
    one, again = images.layer(FILES), images.Layer(gzip.compress(images.archive(FILES), 1), images.layer(FILES).diff_id)
    small = Limits()._replace(bytes_max=50_000)
    with pytest.raises(InvalidInput, match="too large"):
        unpack(store, one, limits=small)
    assert rubbish(store) == []
    unpack(store, one)
    with pytest.raises(InvalidInput, match="too large"):
        unpack(store, again, limits=small)


def test_a_blob_damaged_on_disk_is_dropped_so_that_getting_it_again_mends_it(store: Store) -> None:
    one = images.layer(FILES)
    descriptors = [one.descriptor]
    with store.adding():
        put(store, one)
        path = Path(store.layout.blobs.path(one.descriptor.digest))
        path.write_bytes(path.read_bytes()[:-30] + b"x" * 30)
        with pytest.raises(EngineError, match="is damaged on disk"):
            unpack_layer(store, descriptors, [one.diff_id], 0)
        assert not path.exists()
        with pytest.raises(NotFound, match="is missing"):
            unpack_layer(store, descriptors, [one.diff_id], 0)
    unpack(store, one)
    assert store.layer_place([one.diff_id], 0)


def test_a_layer_is_not_unpacked_over_one_that_is_not_there(store: Store) -> None:
    layers = [images.layer({"a": b""}), images.layer({"b": b""})]
    with store.adding():
        put(store, *layers)
        with pytest.raises(EngineError, match="is not unpacked"):
            unpack_layer(store, [one.descriptor for one in layers], [one.diff_id for one in layers], 1)


def test_what_a_layer_leaves_to_those_below_is_kept_under_its_chain_id(store: Store) -> None:
    """`etc/x` without an entry for `etc`: it has the attributes that the layer below gives it."""
    top = images.layer({"etc/x": b"1"})
    modes = []
    for mode in (0o700, 0o711):
        bottom = _folder_layer("etc", mode)
        unpack(store, bottom, top)
        place = store.layer_place([bottom.diff_id, top.diff_id], 1)
        assert place == store.unpacked.path(chain_id([bottom.diff_id, top.diff_id]))
        modes.append(os.stat(f"{place}/etc").st_mode & 0o7777)
    assert modes == [0o700, 0o711]


def test_a_layer_that_names_all_its_directories_is_shared_over_any_others(store: Store) -> None:
    top = _folder_layer("etc", 0o750)
    for content in (b"1", b"2"):
        bottom = images.layer({"file": content})
        unpack(store, bottom, top)
        assert store.layer_place([bottom.diff_id, top.diff_id], 1) == store.unpacked.path(top.diff_id)


def _folder_layer(name: str, mode: int) -> images.Layer:
    """A layer with one directory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.type, member.mode = tarfile.DIRTYPE, mode
        tar.addfile(member)
    return images.Layer(buffer.getvalue(), sha256(buffer.getvalue()), oci.LAYER)


def _unpack_in(folder: str, results: "multiprocessing.Queue[int]") -> None:
    store = Store(f"{folder}/image", f"{folder}/layers")
    one = images.layer({f"file{number}": b"x" * 5000 for number in range(300)})
    told: list[int] = []
    with store.adding():
        unpack_layer(store, [one.descriptor], [one.diff_id], 0, Limits(), lambda done, _total: told.append(done))
    results.put(len(told))


def test_of_two_processes_with_one_layer_one_unpacks_it_and_the_other_waits(store: Store, tmp_path: Path) -> None:
    one = images.layer({f"file{number}": b"x" * 5000 for number in range(300)})
    with store.adding():
        put(store, one)
    context = multiprocessing.get_context("fork")
    results: multiprocessing.Queue[int] = context.Queue()
    workers = [context.Process(target=_unpack_in, args=(str(tmp_path), results)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    assert sorted(results.get(timeout=10) == 1 for _ in workers) == [False, True, True]
    assert rubbish(store) == [os.path.dirname(store.unpacked.path(one.diff_id))]
