"""Exit codes are an interface: the program's own, 125 the engine, 126 and 127 the program, 128+n a signal."""

from collections.abc import Callable

import pytest
from support.deck import Deck, Outcome

BASE = "localhost/base"


@pytest.mark.parametrize("code", [0, 1, 42, 255])
def test_run_returns_the_code_of_the_program(code: int, qd: Callable[..., Outcome]) -> None:
    assert qd("run", "--rm", BASE, "sh", "-c", f"exit {code}").code == code


@pytest.mark.parametrize(("name", "code"), [("TERM", 143), ("KILL", 137), ("SEGV", 139)])
def test_a_signal_is_128_and_its_number(name: str, code: int, qd: Callable[..., Outcome]) -> None:
    # With an init the shell is not pid 1, whom the kernel would spare.
    assert qd("run", "--rm", "--init", BASE, "sh", "-c", f"kill -{name} $$").code == code


@pytest.mark.parametrize("verb", [("run", "--rm", BASE), ("exec", "ground")])
def test_a_program_that_is_not_there_is_127(
    verb: tuple[str, ...], idle: Callable[..., str], qd: Callable[..., Outcome]
) -> None:
    idle("ground")
    outcome = qd(*verb, "no-such-program")
    assert outcome.code == 127
    assert "no-such-program" in outcome.err
    assert outcome.err.startswith("qd: ")


@pytest.mark.parametrize("program", ["/etc/passwd", "/etc"])
@pytest.mark.parametrize("verb", [("run", "--rm", BASE), ("exec", "ground")])
def test_a_program_that_cannot_be_executed_is_126(
    verb: tuple[str, ...], program: str, idle: Callable[..., str], qd: Callable[..., Outcome]
) -> None:
    idle("ground")
    outcome = qd(*verb, program)
    assert outcome.code == 126
    assert program in outcome.err


def test_a_start_that_failed_leaves_the_container_with_its_error(deck: Deck) -> None:
    assert deck.qd("run", "--name", "stillborn", BASE, "no-such-program").code == 127
    state = deck.engine.container("stillborn").state
    assert state.pid == 0
    assert "no-such-program" in state.error
    deck.out("rm", "stillborn")


def test_run_detached_says_that_the_program_is_not_there(qd: Callable[..., Outcome]) -> None:
    outcome = qd("run", "-d", "--rm", BASE, "no-such-program")
    assert outcome.code == 127


@pytest.mark.parametrize(
    "arguments",
    [("run", "--no-such-flag", BASE), ("run",), ("no-such-command",), ("run", "--rm", "localhost/none", "true")],
)
def test_what_the_engine_refuses_is_125(arguments: tuple[str, ...], qd: Callable[..., Outcome]) -> None:
    assert qd(*arguments).code == 125


def test_the_cause_of_an_end_is_told_in_words(deck: Deck) -> None:
    deck.out("run", "--name", "well", BASE, "true")
    deck.qd("run", "--name", "ill", BASE, "sh", "-c", "exit 3")
    deck.start("--name", "stopped", BASE, "sleep", "1000")
    deck.out("stop", "-t", "0", "stopped")
    causes = {container.name: container.state.cause for container in deck.engine.containers()}
    assert all(causes.values())
    assert len(set(causes.values())) == 3
    assert "3" in causes["ill"]
    assert "stopped" in causes["stopped"]
