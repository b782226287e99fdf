"""What the files of the project say: no place of one machine, no registry of packages, no forgotten note."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
URL = re.compile(r"https?://([A-Za-z0-9.-]+)")
KNOWN_HOSTS = (
    "www.apache.org",
    "keepachangelog.com",
    "semver.org",
    "github.com",
    "docs.kernel.org",
    "www.kernel.org",
    "man7.org",
    "no-color.org",
    "www.w3.org",
    "example.com",
    "example.net",
    "docker.io",
    "localhost",
)
"""Pages that a reader may be sent to, the registry of short names, and names that lead nowhere."""
NO_NAME = re.compile(r"[A-Za-z]+|[a-z]\.[a-z]+|[0-9.]+|0x[0-9a-f.]+")
"""A word that stands for a host, or an address, in examples and in what must be refused."""


def _files() -> list[Path]:
    """Every text file of the project that git knows or would add."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if result.returncode != 0:
        pytest.skip("needs a git checkout")
    paths = [ROOT / name for name in result.stdout.split("\0") if name]
    return [path for path in paths if path.is_file() and path.suffix not in (".png", ".svg")]


def _lines_with(pattern: re.Pattern[str]) -> list[str]:
    found = []
    for path in _files():
        lines = path.read_text(errors="replace").splitlines()
        found += [f"{path.relative_to(ROOT)}: {line.strip()}" for line in lines if pattern.search(line)]
    return found


def test_no_file_names_a_path_of_one_machine() -> None:
    # Written apart, or this file would be one of them.
    places = ["/" + "work/", "/tmp/" + "v0", "/root/" + r"\.pyenv"]
    assert _lines_with(re.compile("|".join(places))) == []


def test_no_file_names_a_registry_of_packages() -> None:
    hosts = [r"\.".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"))]
    debian = r"deb\." + r"debian\.org"
    assert _lines_with(re.compile("|".join([*hosts, debian, "--index" + "-url"]))) == []


def test_every_address_leads_to_a_known_page() -> None:
    strangers = []
    for path in _files():
        hosts = URL.findall(path.read_text(errors="replace"))
        named = [host for host in hosts if not NO_NAME.fullmatch(host)]
        strangers += [f"{path.relative_to(ROOT)}: {host}" for host in named if not host.endswith(KNOWN_HOSTS)]
    assert strangers == []


def test_no_note_to_oneself_is_left() -> None:
    words = ["TO" + "DO", "FIX" + "ME", "XX" + "X"]
    assert _lines_with(re.compile(rf"\b({'|'.join(words)})\b")) == []


@pytest.mark.parametrize("folder", ["engine", "tui", "themes"])
def test_no_file_of_code_is_longer_than_four_hundred_lines(folder: str) -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in (ROOT / folder).rglob("*.py")}
    assert {str(path): length for path, length in lengths.items() if length > 400} == {}
