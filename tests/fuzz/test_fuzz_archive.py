"""Archives out of anything: members that can be, or an error in words."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.tar_blocks import END, GNU, V7, extended, header, padded, pax, read, record, sealed

from engine.archive.compression import decompressed
from engine.archive.limits import Limits
from engine.archive.reader import Reader
from engine.errors import InvalidInput

TESTS = Path(__file__).resolve().parents[1]
LIMITS = Limits(bytes_max=1 << 22, entries_max=200, header_bytes_max=1 << 16, pieces_max=500)
KEYS = """path linkpath size uid gid mtime SCHILY.devmajor SCHILY.xattr.user.a SCHILY.xattr. LIBARCHIVE.xattr.user.b
LIBARCHIVE.xattr.%00 GNU.sparse.major GNU.sparse.minor GNU.sparse.name GNU.sparse.realsize GNU.sparse.size
GNU.sparse.map GNU.sparse.offset GNU.sparse.numbytes hdrcharset comment""".split()
TYPES = [bytes([code]) for code in b"\0001234567xgXLKSVDMN\x1b"]
RUNS = 20_000

numbers = st.one_of(
    st.integers(0, 0o7777777),
    st.binary(max_size=8),
    st.sampled_from([b"\xff" * 12, b"\x80" + bytes(11), b"-1", b"7" * 12, b" 1 2"]),
)
fields = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("mode", "uid", "gid", "size", "mtime", "major", "minor"), numbers),
        "target": st.binary(max_size=100),
        "prefix": st.binary(max_size=155),
        "magic": st.sampled_from([b"ustar\x0000", GNU, V7, b"ustar"]),
        "rest": st.binary(max_size=12),
    },
)
headers = st.builds(header, st.binary(max_size=100), st.sampled_from(TYPES)).flatmap(
    lambda block: st.binary(max_size=40).map(lambda data: sealed(block[: 512 - len(data)] + data))
)
plain = st.builds(
    lambda name, kind, values: header(name, kind, **values), st.binary(max_size=100), st.sampled_from(TYPES), fields
)
values = st.one_of(st.binary(max_size=30), st.integers(-9, 2**64).map(lambda value: b"%d" % value))
records = st.lists(st.builds(record, st.sampled_from(KEYS).map(str.encode), values), max_size=6).map(b"".join)
bodies = st.builds(extended, records | st.binary(max_size=200), st.sampled_from([b"x", b"g", b"L", b"K"]))
contents = st.binary(max_size=600).map(padded)
archives = st.lists(st.one_of(headers, plain, bodies, contents, st.just(END)), max_size=8).map(b"".join)


def try_to(read_it: Callable[[], object]) -> None:
    try:
        read_it()
    except InvalidInput as err:
        assert err.message.isprintable()


@given(archives)
@example(pax(path=b"\x1b[2J" * 40) + header(b"x", b"\x9b") + END)
def test_an_archive_of_odd_blocks_is_read_or_refused_in_words(archive: bytes) -> None:
    try_to(lambda: read(archive, LIMITS))


@given(st.binary(max_size=2000))
def test_rubbish_is_read_or_refused_in_words(rubbish: bytes) -> None:
    try_to(lambda: list(Reader(decompressed(io.BytesIO(rubbish))[1], LIMITS)))


def seeds() -> list[bytes]:
    """Archives with something of everything."""
    sparse = {"GNU.sparse.major": b"1", "GNU.sparse.minor": b"0", "GNU.sparse.name": b"s", "GNU.sparse.realsize": b"99"}
    old = header(b"s", b"S", size=5, magic=GNU)
    old = sealed(old[:386] + b"%011o\0%011o\0" % (10, 5) + old[410:483] + b"%011o\0" % 99 + old[495:])
    attributes = record(b"SCHILY.xattr.user.a", b"1") + record(b"LIBARCHIVE.xattr.user.b", b"AQI")
    return [
        header(b"folder/", b"5") + header(b"file", size=5) + padded(b"hello") + END,
        pax(path=b"p" * 120, mtime=b"-1.5", uid=b"4000000000", size=b"5") + header() + padded(b"hello") + END,
        extended(b"n" * 120 + b"\0", b"L") + extended(b"t" * 120 + b"\0", b"K") + header(b"l", b"2", target=b"t") + END,
        extended(record(b"uid", b"5"), b"g")
        + header(b"c", b"3", major=1, minor=3)
        + extended(attributes)
        + header()
        + END,
        pax(**sparse) + header(b"x", size=517) + padded(b"1\n10\n5\n") + padded(b"hello") + END,
        pax(**{"GNU.sparse.map": b"10,5", "GNU.sparse.size": b"99"}) + header(b"x", size=5) + padded(b"hello") + END,
        old + padded(b"hello") + END,
    ]


@pytest.mark.requires("atheris")
def test_mutated_archives_are_read_or_refused(tmp_path: Path) -> None:
    """In a process of its own, which atheris does not come back from."""
    for number, seed in enumerate(seeds()):
        assert read(seed)
        (tmp_path / f"seed-{number}").write_bytes(seed)
    environment = {**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}"}
    command = [sys.executable, "-m", "support.fuzz_tar", tmp_path, str(RUNS)]
    result = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-4000:]
    assert f"Done {RUNS} runs" in result.stderr
