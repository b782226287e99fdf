"""Functions that read strangers' bytes, under atheris: in a process of its own, which atheris ends."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from support.waiting import SLOW

from engine.errors import EngineError

ROOT = Path(__file__).resolve().parents[2]
Reader = Callable[[bytes], None]


def hold(target: str, folder: Path, examples: Sequence[str], runs: int) -> None:
    """Let atheris begin with these examples, one for each reader of `tests/support/TARGET.py`."""
    for number, example in enumerate(examples):
        (folder / str(number)).write_bytes(bytes([number]) + example.encode())
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            f"support.{target}",
            f"-runs={runs}",
            "-seed=1",
            "-rss_limit_mb=400",
            "-max_len=2000",
            folder,
        ],
        cwd=folder,
        env={"PYTHONPATH": f"{ROOT}:{ROOT}/tests", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=200 * SLOW,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert f"Done {runs} runs" in done.stderr, done.stderr[-3000:]


def choose(readers: Sequence[Reader]) -> Reader:
    """One that takes the first byte for the number of the reader. Whatever is no error in words is a finding."""

    def read(data: bytes) -> None:
        if data:
            with suppress(EngineError):
                readers[data[0] % len(readers)](data[1:])

    return read


def main(read: Reader) -> None:
    """The process; atheris does not return."""
    import atheris

    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
