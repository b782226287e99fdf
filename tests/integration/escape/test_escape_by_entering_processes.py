"""What comes into a container from the host, by `exec`, must not be of use against the host."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from support import lurker
from support.deck import Deck
from support.waiting import until

BASE = "localhost/base"
STRONG = ("--userns", "host", "--cap-add", "SYS_PTRACE", "--security-opt", "seccomp=unconfined")
"""Nothing but the engine's own care protects the program file of what comes in."""

pytestmark = pytest.mark.root


def _lurk(deck: Deck, *options: str) -> str:
    mount = f"{Path(lurker.__file__)}:/lurker.py:ro"
    command = ("python3", "-I", "-S", "-B", "/lurker.py", "/tmp/done", deck.paths.run)
    name = deck.start("-v", mount, *options, BASE, *command)
    until(lambda: "ready" in deck.out("logs", name), "the lurker")
    return name


def _caught(deck: Deck, name: str) -> dict[str, Any]:
    deck.out("exec", name, "touch", "/tmp/done")
    deck.out("wait", name)
    found: dict[str, Any] = json.loads(deck.out("logs", name).splitlines()[-1])
    return found


@pytest.mark.parametrize("options", [(), STRONG])
def test_the_engines_program_cannot_be_overwritten_when_it_comes_in(deck: Deck, options: tuple[str, ...]) -> None:
    name = _lurk(deck, *options)
    for _ in range(15):
        deck.out("exec", name, "true")
    found = _caught(deck, name)
    assert found["pids"] > 0, "the lurker has seen nobody"
    assert [path for path in found["overwritable"] if "python" in path.rsplit("/", 1)[1]] == []
    assert found["seen"] == []


@pytest.mark.requires("nsenter")
def test_a_program_that_enters_without_care_is_overwritten(deck: Deck, tmp_path: Path) -> None:
    """The control, with a copy of nsenter(1)."""
    copy = shutil.copy(shutil.which("nsenter") or "", tmp_path / "nsenter")
    name = _lurk(deck, *STRONG)
    pid = str(deck.engine.container(name).state.pid)
    for _ in range(15):
        subprocess.run([copy, "-t", pid, "-p", "-m", "--", "sleep", "0.05"], check=True, env={"PATH": "/usr/bin:/bin"})
    assert any("nsenter" in path for path in _caught(deck, name)["overwritable"])


@pytest.mark.parametrize("program", ["/proc/self/exe", "/bin/evil"])
def test_proc_self_exe_as_the_program_leaves_the_interpreter_as_it_was(deck: Deck, program: str) -> None:
    interpreter = Path(os.path.realpath(sys.executable))
    before = hashlib.sha256(interpreter.read_bytes()).digest()
    name = deck.start(BASE, "sleep", "1000")
    deck.out("exec", name, "sh", "-c", "printf '#!/proc/self/exe\\n' > /bin/evil; chmod +x /bin/evil")
    script = "import os; os.close(os.open('/proc/self/exe', os.O_WRONLY))"
    for options in ((), ("--user", "1000")):
        deck.qd("exec", *options, name, program, "-c", script)
    assert hashlib.sha256(interpreter.read_bytes()).digest() == before
    assert deck.out("exec", name, "echo", "still here") == "still here\n"


@pytest.mark.parametrize("number", [3, 5, 6, 7, 8, 9, 10, 12, 15, 20])
def test_a_leaked_descriptor_is_no_way_out_by_the_working_directory(deck: Deck, number: int) -> None:
    """CVE-2024-21626."""
    outcome = deck.qd("run", "--rm", "-w", f"/proc/self/fd/{number}", BASE, "ls", "-a", "../../../../../../..")
    assert outcome.code != 0
    assert "quarterdeck" not in outcome.out


def test_nor_by_exec(deck: Deck) -> None:
    name = deck.start(BASE, "sleep", "1000")
    for number in range(3, 16):
        assert deck.qd("exec", "-w", f"/proc/self/fd/{number}", name, "pwd").code != 0, number


@pytest.mark.parametrize(
    "way",
    [
        "rm /etc/passwd; mkfifo /etc/passwd",
        "ln -sf /dev/zero /etc/passwd",
        "ln -sf /proc/1/environ /etc/passwd",
        "rm /etc/passwd; mkdir /etc/passwd",
        "head -c 40000000 /dev/zero > /etc/passwd",
        "printf 'evil:x:4294967295:0::/:/bin/sh\\n' > /etc/passwd",
        "printf 'evil:x:-1:0::/:/bin/sh\\n' > /etc/passwd",
    ],
)
def test_a_hostile_passwd_is_refused_in_words_and_in_time(deck: Deck, way: str) -> None:
    name = deck.start(BASE, "sleep", "1000")
    deck.out("exec", name, "sh", "-c", way)
    outcome = deck.qd("exec", "--user", "evil", name, "id", seconds=10)
    assert outcome.code in (125, 126)
    assert outcome.err.startswith("qd: ")


def test_a_group_line_does_not_add_groups_to_a_user_by_number(deck: Deck) -> None:
    """CVE-2022-2995 and its kind: only the groups that were asked for, or that name the user."""
    name = deck.start("--group-add", "8", BASE, "sleep", "1000")
    assert set(deck.out("exec", "--user", "1234:1234", name, "id", "-G").split()) <= {"1234", "8"}
