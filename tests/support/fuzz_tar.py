"""A target for atheris: `python -m support.fuzz_tar FOLDER RUNS` reads RUNS archives that grow out of those in FOLDER.

Checksums are not looked at, or no mutation of a header would be read any further. What is read at all has to be
possible, and to be read alike when it is written again. Anything but InvalidInput ends the process with an error.
"""

import io
import sys

import atheris

with atheris.instrument_imports(include=["engine.archive"]):
    from engine.archive import blocks, member, reader, writer
    from engine.archive.limits import Limits

from engine.errors import InvalidInput

LIMITS = Limits(bytes_max=1 << 22, entries_max=200, header_bytes_max=1 << 16, pieces_max=500)


def members(archive: bytes) -> list[tuple[member.Member, bytes]]:
    """All members, each with the bytes of its pieces."""
    source = reader.Reader(io.BytesIO(archive), LIMITS)
    found = []
    for each in source:
        pieces = [data for offset, data in source.content() if _is_within(offset, data, each)]
        found.append((each, b"".join(pieces)))
    return found


def _is_within(offset: int, data: bytes, each: member.Member) -> bool:
    assert 0 <= offset < offset + len(data) <= each.size
    return True


def check(each: member.Member) -> None:
    """What callers rely on, whatever an archive says."""
    assert each.kind in member.KINDS
    assert b"\0" not in each.path + each.target
    assert len(each.path) <= LIMITS.path_max
    assert 0 <= each.mode <= 0o7777
    assert 0 <= each.uid < 0xFFFFFFFF
    assert 0 <= each.gid < 0xFFFFFFFF
    assert -(2**63) <= each.mtime_ns // 10**9 < 2**63
    assert 0 <= each.stored_bytes <= each.size <= LIMITS.bytes_max


def try_one(archive: bytes) -> None:
    """Read an archive; what it has is written, and read once more."""
    try:
        found = members(archive)
    except InvalidInput as err:
        assert err.message.isprintable(), err.message
        return
    output = io.BytesIO()
    again = writer.Writer(output)
    for each, content in found:
        check(each)
        again.add(each, (content,))
    again.close()
    assert members(output.getvalue()) == found


def main() -> None:
    """Start atheris, which does not return."""
    folder, runs = sys.argv[1:]
    blocks.check = lambda block: None
    flags = [f"-runs={runs}", "-seed=4", "-max_len=6000", "-rss_limit_mb=400", f"-artifact_prefix={folder}/crash-"]
    atheris.Setup([sys.argv[0], folder, *flags], try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
