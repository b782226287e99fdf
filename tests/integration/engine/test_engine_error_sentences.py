"""Every error is one sentence and a hint on stderr, code 125, without a traceback and with nothing left behind."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.deck import Deck, Outcome

BASE = "localhost/base"


def _assert_sentence(outcome: Outcome, *words: str, code: int = 125, hint: bool = True) -> None:
    assert outcome.code == code, outcome
    lines = outcome.err.splitlines()
    assert lines[0].startswith("qd: "), outcome.err
    assert not lines[0].endswith("."), outcome.err
    assert not hint or any(line.startswith("hint: ") for line in lines), outcome.err
    assert "Traceback" not in outcome.err
    assert all(word in outcome.err for word in words), outcome.err
    assert outcome.out == ""


CASES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "an image that is not there": (("run", "localhost/none"), ("no such image", "localhost/none")),
    "an image name that is none": (("run", "UPPER//case"), ("UPPER//case",)),
    "a container that is not there": (("start", "nobody"), ("no such container", "nobody")),
    "a memory size that is none": (("run", "--memory", "64x", BASE), ("64x",)),
    "a memory size below what works": (("run", "--memory", "1k", BASE), ("memory",)),
    "swap below memory": (("run", "--memory", "64m", "--memory-swap", "32m", BASE), ("swap",)),
    "cpus that are no number": (("run", "--cpus", "many", BASE), ("many",)),
    "more cpus than there are": (("run", "--rm", "--cpuset-cpus", "4096", BASE), ("4096",)),
    "cpus and a quota together": (("run", "--cpus", "1", "--cpu-quota", "1000", BASE), ("cpu-quota",)),
    "an unknown capability": (("run", "--cap-add", "FLY", BASE), ("FLY",)),
    "an unknown ulimit": (("run", "--ulimit", "wings=2", BASE), ("wings",)),
    "an unknown signal": (("run", "--stop-signal", "SIGNOPE", BASE), ("SIGNOPE",)),
    "an unknown restart policy": (("run", "--restart", "sometimes", BASE), ("sometimes",)),
    "a name that is none": (("run", "--name", "a/b", BASE), ("a/b",)),
    "a network that is not there": (("run", "--network", "nowhere", BASE), ("nowhere", "qd network ls")),
    "a port that is none": (("run", "-p", "80:http", BASE), ("80:http",)),
    "a port where there is no network": (("run", "--network", "none", "-p", "80:80", BASE), ("-p",)),
    "an address out of its network": (("create", "--ip", "192.0.2.9", BASE), ("192.0.2.9",)),
    "a volume whose name cannot be": (("run", "-v", "da/ta:/data", BASE), ("da/ta",)),
    "a namespace of nobody": (("run", "--pid", "container:nobody", BASE), ("nobody",)),
    "a kernel parameter of the host": (("run", "--sysctl", "kernel.panic=1", BASE), ("kernel.panic",)),
    "a device that is none": (("run", "--device", "/etc/passwd", BASE), ("/etc/passwd",)),
    "a security option that is none": (("run", "--security-opt", "x=y", BASE), ("x=y",)),
    "an env file that is not there": (("run", "--env-file", "/none", BASE), ("/none",)),
    "a bind whose folder cannot be": (("run", "--rm", "-v", "/proc/none/x:/x", BASE), ("/proc/none",)),
    "a flag that is none": (("run", "--fly", BASE), ("--fly",)),
    "a command that is none": (("fly",), ("fly",)),
    "attach to what does not run": (("attach", "still"), ("still",)),
    "exec in what does not run": (("exec", "still", "true"), ("still", "not running")),
    "pause of what does not run": (("pause", "still"), ("still",)),
    "a signal for what does not run": (("kill", "still"), ("still",)),
    "a name that is taken": (("create", "--name", "still", BASE), ("still",)),
    "an unknown filter": (("ps", "--filter", "nonsense"), ("nonsense",)),
    "a format that is none": (("ps", "--format", "{{range .}}"), ("range",)),
    "a time that is none": (("logs", "--since", "yesteryear", "still"), ("yesteryear",)),
    "a number of lines that is none": (("logs", "-n", "few", "still"), ("few",)),
    "an update to nothing": (("update", "--memory", "junk", "still"), ("junk",)),
}


@pytest.mark.parametrize("case", CASES)
def test_the_error_says_what_is_wrong_and_what_to_do(case: str, deck: Deck) -> None:
    arguments, words = CASES[case]
    deck.out("create", "--name", "still", BASE, "true")
    _assert_sentence(deck.qd(*arguments), *words)
    assert [container.name for container in deck.engine.containers()] == ["still"]


def test_a_missing_program_leaves_nothing_with_rm(deck: Deck) -> None:
    _assert_sentence(deck.qd("run", "--rm", BASE, "missing"), "missing", code=127, hint=False)
    assert deck.engine.containers() == ()


def test_a_program_that_is_a_folder_leaves_nothing_with_rm(deck: Deck) -> None:
    _assert_sentence(deck.qd("run", "--rm", BASE, "/etc"), "/etc", code=126, hint=False)
    assert deck.engine.containers() == ()


def test_hostile_names_are_shown_without_their_escapes(qd: Callable[..., Outcome]) -> None:
    outcome = qd("inspect", "\x1b[31mred\x07")
    assert outcome.code != 0
    assert "\x1b" not in outcome.err
    assert "\x07" not in outcome.err


def test_a_state_folder_that_cannot_be_made_is_an_error_in_words(tmp_path: Path, deck: Deck) -> None:
    (tmp_path / "file").write_text("")
    _assert_sentence(deck.qd("--root", f"{tmp_path}/file/root", "--run", f"{tmp_path}/run", "ps"), str(tmp_path))


def test_a_run_folder_with_too_long_a_path_is_an_error_in_words(tmp_path: Path, deck: Deck) -> None:
    long = f"{tmp_path}/{'long' * 40}"
    _assert_sentence(deck.qd("--root", f"{tmp_path}/root", "--run", long, "ps"))
