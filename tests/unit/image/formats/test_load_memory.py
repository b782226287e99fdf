"""However large an archive is or pretends to be, memory stays that of a piece of it."""

import gzip
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import image_archives as archives

RSS_MAX = 200 << 20
PROGRAM = """
import sys
from engine.archive.limits import Limits
from engine.errors import EngineError
from engine.image.formats.load import load
from engine.image.store.images import Store

folder, bytes_max = sys.argv[1], int(sys.argv[2])
try:
    load(Store(f"{folder}/image", f"{folder}/layers"), sys.stdin.buffer, limits=Limits(bytes_max=bytes_max),
         say=lambda event: None)
    print("loaded")
except EngineError as err:
    print(err)
status = open("/proc/self/status").read()  # getrusage(2) would tell the memory of the test, from before exec
print(int(status.partition("VmHWM:")[2].split()[0]) << 10)
"""
MIB = 1 << 20


def _run(folder: Path, pieces: Iterator[bytes], bytes_max: int) -> tuple[str, int]:
    """What the loading of a stream says, and the most memory that it took."""
    command = [sys.executable, "-c", PROGRAM, str(folder), str(bytes_max)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False) as loading:
        assert loading.stdin is not None and loading.stdout is not None
        try:
            for piece in pieces:
                loading.stdin.write(piece)
            loading.stdin.close()
        except BrokenPipeError:
            pass  # it has read enough
        said, memory = loading.stdout.read().decode().splitlines()
    return said, int(memory)


def _zeros_compressed(size: int) -> bytes:
    """A gzip stream of that many zeros, a thousandth in size."""
    return gzip.compress(bytes(16 * MIB), mtime=0) * (size // (16 * MIB))


def _bomb_in_a_layer(size: int) -> Iterator[bytes]:
    bomb = _zeros_compressed(size)
    config = archives.config([b"?"])
    entry = {"Config": "config.json", "RepoTags": ["bomb:1"], "Layers": ["layer.tar"]}
    yield archives.tar({"config.json": config, "manifest.json": json.dumps([entry]).encode(), "layer.tar": bomb})


def _many_members(count: int) -> Iterator[bytes]:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for number in range(1000):
            archive.addfile(tarfile.TarInfo(f"{number:06}"))
    block = buffer.getvalue()[: 1000 * 512]
    for _ in range(count // 1000):
        yield block


def test_a_bomb_around_the_archive_is_refused(tmp_path: Path) -> None:
    said, memory = _run(tmp_path, iter([_zeros_compressed(1 << 30)]), 64 * MIB)
    assert "archive is damaged" in said or "too large" in said
    assert memory < RSS_MAX


def test_a_bomb_in_a_layer_is_refused(tmp_path: Path) -> None:
    said, memory = _run(tmp_path, _bomb_in_a_layer(1 << 30), 64 * MIB)
    assert "too large" in said
    assert memory < RSS_MAX
    assert list(tmp_path.glob("layers/*")) == []


def test_a_hundred_thousand_files_are_refused(tmp_path: Path) -> None:
    said, memory = _run(tmp_path, _many_members(100_000), 1 << 40)
    assert "more than 20000 files" in said
    assert memory < RSS_MAX


@pytest.mark.parametrize("size", [32 * MIB, 256 * MIB])
def test_memory_does_not_grow_with_a_layer(tmp_path: Path, size: int) -> None:
    layer = archives.tar({"file": bytes(size)})
    said, memory = _run(tmp_path, iter([archives.tar(archives.docker([(["big:1"], [layer])]))]), 1 << 40)
    assert said == "loaded"
    assert memory < 80 * MIB
