"""Archives that want all memory are refused, or read, within 200 MB; measured in a process of its own each."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support import tar_bombs

TESTS = Path(__file__).resolve().parents[2]
PEAK_MAX_KIB = 200_000

REFUSALS: dict[str, str | None] = {
    "zeros_in_gzip": "more than 268435456 bytes",
    "a_file_in_gzip": "more than 268435456 bytes",
    "window_of_zstd": None,
    "members": "more than 100000 entries",
    "links": "more than 268435456 bytes",
    "extended_header": "headers have more than 1048576 bytes",
    "long_names": "headers have more than 1048576 bytes",
    "global_headers": "headers for all its members",
    "map_in_headers": "a sparse file of more than",
    "map_in_content": "a sparse file of more than",
    "map_without_lines": "a line that is no number",
    "holes": "files of more than 268435456 bytes",
    "behind_the_end": "more than 268435456 bytes",
}


def test_every_bomb_is_tried() -> None:
    assert set(REFUSALS) == {bomb.__name__ for bomb in tar_bombs.BOMBS}


@pytest.mark.parametrize("bomb", REFUSALS)
def test_a_bomb_takes_little_memory(bomb: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "support.tar_bombs", bomb],
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": f"{TESTS}:{TESTS.parent}"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert result.returncode == 0, result.stderr
    report = json.loads(result.stdout)
    assert report["peak_kib"] < PEAK_MAX_KIB
    expected = REFUSALS[bomb]
    if expected is None:
        assert report["message"] is None
    else:
        assert expected in report["message"]
