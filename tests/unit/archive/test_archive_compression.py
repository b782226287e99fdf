"""Compression is told by its first bytes, read whole or refused, and written the same each time."""

import bz2
import gzip
import io
import lzma
import os
import random
import subprocess

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from engine.archive import compression, deflate
from engine.archive.compression import Compressor, decompressed
from engine.archive.streams import Source
from engine.errors import InvalidInput

CONTENT = os.urandom(200_000) + b"again and again " * 200_000
WRITTEN = ("none", "gzip", "zstd")
MAKERS = {
    "gzip": lambda data: gzip.compress(data, 6),
    "zstd": lambda data: zstandard.ZstdCompressor(write_checksum=True).compress(data),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
}
KINDS = pytest.mark.parametrize("kind", MAKERS)


class Dripping:
    """A source that gives fewer bytes than it is asked for, as sockets do."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)
        self._random = random.Random(4)

    def read(self, size: int, /) -> bytes:
        return self._file.read(self._random.randint(1, size))


def whole(source: Source, size: int = 100_000) -> bytes:
    return b"".join(iter(lambda: source.read(size), b""))


def unpacked(data: bytes) -> bytes:
    return whole(decompressed(io.BytesIO(data))[1])


def compressed(kind: str, data: bytes, level: int | None = None, step: int = 100_000) -> bytes:
    output = io.BytesIO()
    compressor = Compressor(kind, output, level)
    for at in range(0, len(data), step):
        compressor.write(data[at : at + step])
    compressor.close()
    return output.getvalue()


@KINDS
def test_each_kind_is_known_and_read(kind: str) -> None:
    found, source = decompressed(Dripping(MAKERS[kind](CONTENT)))
    assert found == kind
    assert whole(source) == CONTENT


@KINDS
def test_no_more_is_given_than_was_asked_for(kind: str) -> None:
    _, source = decompressed(io.BytesIO(MAKERS[kind](bytes(1 << 20))))
    sizes = {len(source.read(1000)) for _ in range(500)}
    assert max(sizes) <= 1000


@KINDS
def test_several_streams_are_read_as_one(kind: str) -> None:
    make = MAKERS[kind]
    assert unpacked(make(b"one ") + make(b"") + make(b"two")) == b"one two"


@KINDS
def test_nothing_at_all_can_be_compressed(kind: str) -> None:
    assert unpacked(MAKERS[kind](b"")) == b""


@KINDS
def test_a_stream_that_ends_too_early_is_refused_wherever_it_ends(kind: str) -> None:
    data = MAKERS[kind](CONTENT[:1000] * 200)
    for cut in {*range(10, 40), *range(40, len(data), 97), len(data) - 1}:
        with pytest.raises(InvalidInput, match=f"its {kind} data"):
            unpacked(data[:cut])


@KINDS
def test_something_else_behind_the_end_is_refused(kind: str) -> None:
    for rest in (b"x", b"something else", b"\0\0\0\0\0\0\0\0x"):
        with pytest.raises(InvalidInput, match=f"its {kind} data"):
            unpacked(MAKERS[kind](b"data") + rest)


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz"])
def test_zeros_behind_the_end_are_passed_over(kind: str) -> None:
    assert unpacked(MAKERS[kind](b"data") + bytes(70_000)) == b"data"


@KINDS
def test_a_changed_byte_is_found(kind: str) -> None:
    data = bytearray(MAKERS[kind](os.urandom(5000)))
    data[3000] ^= 1
    with pytest.raises(InvalidInput, match=f"its {kind} data cannot be decompressed"):
        unpacked(bytes(data))


def test_frames_that_zstd_skips_are_passed_over() -> None:
    skippable = b"\x53\x2a\x4d\x18" + (5).to_bytes(4, "little") + b"12345"
    frame = MAKERS["zstd"](b"data")
    assert decompressed(io.BytesIO(skippable + frame))[0] == "zstd"
    assert unpacked(skippable + frame + skippable + frame) == b"datadata"
    with pytest.raises(InvalidInput, match="ends too early"):
        unpacked(frame + skippable[:-1])


@pytest.mark.parametrize(
    "parameters", [{}, {"write_content_size": False}, {"write_checksum": True}, {"window_log": 10}]
)
def test_frames_of_every_shape_are_followed(parameters: dict[str, int]) -> None:
    settings = zstandard.ZstdCompressionParameters.from_level(3, **parameters)
    for size in (0, 1, 255, 256, 65_791, 65_792, 400_000):
        frame = zstandard.ZstdCompressor(compression_params=settings).compress(CONTENT[:size])
        assert unpacked(frame) == CONTENT[:size]
        with pytest.raises(InvalidInput):
            unpacked(frame[:-1])


def test_the_largest_windows_are_refused_and_those_that_zstd_takes_by_itself_are_not() -> None:
    assert unpacked(_streamed(27)) == b"x"
    with pytest.raises(InvalidInput, match="too much memory"):
        unpacked(_streamed(28))


def _streamed(window_log: int) -> bytes:
    settings = zstandard.ZstdCompressionParameters.from_level(1, window_log=window_log)
    compressor = zstandard.ZstdCompressor(compression_params=settings).compressobj()
    return compressor.compress(b"x") + compressor.flush()


def test_an_archive_of_xz_that_needs_too_much_memory_is_refused() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 0, "dict_size": 512 << 20}]
    with pytest.raises(InvalidInput, match="Memory usage limit"):
        unpacked(lzma.compress(b"x", filters=filters))


@pytest.mark.parametrize("data", [b"", b"x", b"BZh9 is a name", b"\x1f\x8b", b"(\xb5/", bytes(512), b"ustar"])
def test_what_is_not_compressed_passes_through(data: bytes) -> None:
    kind, source = decompressed(Dripping(data))
    assert (kind, whole(source)) == ("none", data)


@pytest.mark.parametrize("kind", WRITTEN)
def test_the_same_bytes_give_the_same_result_however_they_come(kind: str) -> None:
    results = {compressed(kind, CONTENT, step=step) for step in (777, 1 << 20, len(CONTENT))}
    assert len(results) == 1
    assert unpacked(results.pop()) == CONTENT


def test_gzip_is_the_same_on_any_number_of_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = compressed("gzip", CONTENT)
    monkeypatch.setattr(deflate, "THREADS_MAX", 1)
    assert compressed("gzip", CONTENT) == usual


@pytest.mark.parametrize("kind", WRITTEN[1:])
def test_other_programs_read_what_was_written(kind: str, request: pytest.FixtureRequest) -> None:
    from support import requirements

    requirements.requires(kind)
    for data in (b"", b"x", CONTENT):
        result = subprocess.run([kind, "-dc"], input=compressed(kind, data), capture_output=True, check=True)
        assert result.stdout == data


@given(st.binary(max_size=3000), st.sampled_from(WRITTEN), st.integers(1, 9), st.integers(1, 3000))
def test_whatever_is_written_is_read_back(data: bytes, kind: str, level: int, step: int) -> None:
    assert whole(decompressed(io.BytesIO(compressed(kind, data, level, step)))[1]) == data or kind == "none"


@given(st.binary(max_size=300))
def test_rubbish_behind_a_magic_number_is_refused_in_words(rubbish: bytes) -> None:
    for magic in (b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh9\x31\x41\x59\x26\x53\x59"):
        try:
            unpacked(magic + rubbish)
        except InvalidInput as err:
            assert err.message.isprintable()


@pytest.mark.parametrize(
    ("kind", "level", "words"),
    [
        ("gzip", 0, "gzip has no level 0"),
        ("gzip", 10, "gzip has no level 10"),
        ("zstd", 20, "zstd has no level 20"),
        ("xz", None, "xz is no compression for writing"),
        ("lz4", None, "lz4 is no compression for writing"),
    ],
)
def test_a_kind_or_a_level_that_is_not_written_is_refused(kind: str, level: int | None, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        Compressor(kind, io.BytesIO(), level)


def test_every_level_that_is_offered_works() -> None:
    for kind, levels in compression.LEVELS.items():
        for level in levels:
            assert unpacked(compressed(kind, b"x" * 1000, level)) == b"x" * 1000


def test_an_output_that_fails_leaves_no_thread() -> None:
    import threading

    class Full:
        def write(self, data: bytes) -> None:
            if len(data) > 10:
                raise OSError("no space left")

    before = threading.active_count()
    compressor = Compressor("gzip", Full())
    compressor.write(os.urandom(100))
    with pytest.raises(OSError, match="no space left"):
        compressor.close()
    assert threading.active_count() == before
