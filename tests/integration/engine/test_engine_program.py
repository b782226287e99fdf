"""The program's own surroundings: environment, folder, user, entrypoint, terminal, init."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support.deck import Deck, Outcome
from support.waiting import until

BASE = "localhost/base"


def test_environment_comes_from_flags_files_and_the_image(tmp_path: Path, out: Callable[..., str]) -> None:
    file = tmp_path / "env"
    file.write_text("# a comment\nFROM_FILE=file\nBOTH=file\n")
    options = ("--env-file", str(file), "-e", "BOTH=flag", "-e", "EMPTY=")
    lines = out("run", "--rm", *options, BASE, "env").splitlines()
    assert {"FROM_FILE=file", "BOTH=flag", "EMPTY=", "HOME=/root"} <= set(lines)
    assert [line for line in lines if line.startswith("PATH=/")]


def test_the_working_folder_is_made_where_it_is_missing(out: Callable[..., str]) -> None:
    assert out("run", "--rm", "-w", "/srv/new", BASE, "pwd") == "/srv/new\n"


@pytest.mark.parametrize(
    ("user", "expected"),
    [
        ("1000", "1000 0"),
        ("1000:1001", "1000 1001"),
        ("root", "0 0"),
        ("nobody", "65534 65534"),
        ("nobody:root", "65534 0"),
    ],
)
def test_the_user_is_a_number_or_a_name_of_the_container(user: str, expected: str, out: Callable[..., str]) -> None:
    assert out("run", "--rm", "--user", user, BASE, "sh", "-c", "echo $(id -u) $(id -g)") == f"{expected}\n"


def test_an_unknown_user_is_named(qd: Callable[..., Outcome]) -> None:
    outcome = qd("run", "--rm", "--user", "nosuchuser", BASE, "true")
    assert outcome.code in (125, 126)
    assert "nosuchuser" in outcome.err


def test_the_host_name_can_be_chosen(out: Callable[..., str]) -> None:
    assert out("run", "--rm", "-h", "deck", BASE, "sh", "-c", "hostname; cat /etc/hostname") == "deck\ndeck\n"


def test_the_host_name_resolves_inside(out: Callable[..., str]) -> None:
    words = out("run", "--rm", "-h", "deck", BASE, "cat", "/etc/hosts").split()
    assert {"localhost", "deck"} <= set(words)


def test_an_entrypoint_takes_the_command_as_its_arguments(out: Callable[..., str]) -> None:
    assert out("run", "--rm", "--entrypoint", "echo", BASE, "one", "two") == "one two\n"


def test_flags_behind_the_image_belong_to_the_program(out: Callable[..., str]) -> None:
    assert out("run", "--rm", BASE, "echo", "--rm", "-d") == "--rm -d\n"


def test_without_a_command_the_image_s_own_runs(out: Callable[..., str]) -> None:
    assert out("run", "--rm", "-i", BASE, stdin="echo from sh; exit\n") == "from sh\n"


def test_a_terminal_can_be_had_without_one_of_one_s_own(out: Callable[..., str]) -> None:
    said = out("run", "--rm", "-t", BASE, "sh", "-c", "tty; test -t 0 && test -t 1 && echo yes; echo $TERM")
    assert said.replace("\r\n", "\n") == "/dev/pts/0\nyes\nxterm\n"


def test_the_terminal_is_the_controlling_one(out: Callable[..., str]) -> None:
    said = out("run", "--rm", "-t", BASE, "sh", "-c", "echo fine > /dev/tty")
    assert said == "fine\r\n"


def test_with_init_the_program_is_not_pid_1_and_orphans_are_reaped(deck: Deck) -> None:
    script = "(sleep 0.1 & exec true); echo $$; sleep 1000"
    deck.start("--name", "nursery", "--init", BASE, "sh", "-c", script)
    until(lambda: deck.out("logs", "nursery").strip(), "the pid")
    assert int(deck.out("logs", "nursery")) > 1
    # The init, the shell and its last sleep: the first sleep, whose parent left it, is no zombie.
    until(lambda: len(deck.engine.processes("nursery")) == 3, "the orphan to be reaped")
    assert [process.state for process in deck.engine.processes("nursery")].count("Z") == 0


def test_with_init_signals_reach_the_program(deck: Deck) -> None:
    script = "trap 'exit 6' TERM; echo up; while :; do sleep 0.05; done"
    deck.start("--name", "passed", "--init", BASE, "sh", "-c", script)
    until(lambda: "up" in deck.out("logs", "passed"), "the trap")
    deck.out("stop", "passed")
    assert deck.engine.container("passed").state.exit_code == 6


def test_privileged_sees_the_devices_of_the_host(out: Callable[..., str]) -> None:
    names = set(out("run", "--rm", "--privileged", BASE, "ls", "/dev").split())
    assert "kmsg" in names or "mem" in names or len(names) > 30


def test_labels_are_kept_and_filter_the_list(deck: Deck) -> None:
    deck.out("create", "--name", "labelled", "-l", "tier=web", "-l", "bare", BASE, "true")
    assert deck.engine.container("labelled").options.labels == {"tier": "web", "bare": ""}
    assert deck.out("ps", "-a", "--filter", "label=tier=web", "--format", "{{.Names}}") == "labelled\n"
    assert deck.out("ps", "-aq", "--filter", "label=tier=db") == ""


@pytest.mark.requires("python3 of the host")
def test_python_runs_inside_with_its_library(out: Callable[..., str]) -> None:
    script = "import json, ssl, sqlite3, socket; print(json.dumps({'answer': 6 * 7}))"
    assert out("run", "--rm", BASE, "python3", "-c", script) == '{"answer": 42}\n'


def test_exec_takes_environment_folder_and_user(deck: Deck, idle: Callable[..., str]) -> None:
    idle("room", "-e", "INHERITED=yes")
    script = "echo $INHERITED $OWN $(pwd) $(id -u)"
    assert (
        deck.out("exec", "-e", "OWN=1", "-w", "/tmp", "-u", "1000", "room", "sh", "-c", script) == "yes 1 /tmp 1000\n"
    )


def test_the_id_is_written_to_the_file_that_was_asked_for(tmp_path: Path, deck: Deck) -> None:
    container = deck.start("--cidfile", f"{tmp_path}/id", BASE, "sleep", "1000")
    assert (tmp_path / "id").read_text().strip() == container
