"""The record of a container's output: whole, apart by stream, cut by time and by lines, followed to its end."""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from support.deck import Deck, Outcome
from support.waiting import until

BASE = "localhost/base"
STAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z"


def _print(deck: Deck, name: str, script: str) -> None:
    deck.qd("run", "--name", name, BASE, "sh", "-c", script)


def test_logs_of_a_finished_container_are_whole_and_apart(deck: Deck, qd: Callable[..., Outcome]) -> None:
    _print(deck, "both", "echo out; echo err >&2; echo out again")
    assert qd("logs", "both") == (0, "out\nout again\n", "err\n")


@pytest.mark.parametrize("flag", ["-n", "--tail"])
def test_the_last_lines_are_counted_over_both_streams(flag: str, deck: Deck, qd: Callable[..., Outcome]) -> None:
    _print(deck, "tailed", "echo 1; echo 2 >&2; echo 3")
    assert qd("logs", flag, "2", "tailed") == (0, "3\n", "2\n")
    assert qd("logs", flag, "0", "tailed") == (0, "", "")
    assert qd("logs", flag, "all", "tailed") == (0, "1\n3\n", "2\n")


def test_timestamps_stand_before_every_line(deck: Deck) -> None:
    _print(deck, "dated", "echo one; echo two; printf unfinished")
    lines = deck.out("logs", "-t", "dated").splitlines()
    assert [re.sub(f"^{STAMP} ", "", line) for line in lines] == ["one", "two", "unfinished"]
    assert all(re.match(STAMP, line) for line in lines)


def test_a_container_can_be_asked_for_what_came_since_and_until(deck: Deck) -> None:
    _print(deck, "timed", "echo early; sleep 0.6; echo late")
    early, late = (line.split()[0] for line in deck.out("logs", "-t", "timed").splitlines())
    assert deck.out("logs", "--since", late, "timed") == "late\n"
    assert deck.out("logs", "--until", early, "timed") == "early\n"
    assert deck.out("logs", "--since", "10m", "timed") == "early\nlate\n"
    assert deck.out("logs", "--since", "2999-01-01", "timed") == ""


def test_the_stamps_are_of_now(deck: Deck) -> None:
    before = datetime.now(UTC)
    _print(deck, "fresh", "echo x")
    stamp = datetime.fromisoformat(deck.out("logs", "-t", "fresh").split()[0][:26] + "+00:00")
    assert before <= stamp.replace(microsecond=999999)
    assert stamp <= datetime.now(UTC)


def test_following_ends_with_the_container(deck: Deck) -> None:
    script = "echo first; read word; echo $word"
    deck.start("-i", "--name", "followed", BASE, "sh", "-c", script)
    with deck.begin("logs", "-f", "followed") as follower:
        assert follower.stdout is not None
        assert follower.stdout.readline() == "first\n"
        deck.qd("attach", "followed", stdin="second\n")
        said, _ = follower.communicate(timeout=60)
    assert (said, follower.returncode) == ("second\n", 0)


def test_following_begins_with_the_last_lines_that_were_asked_for(deck: Deck) -> None:
    deck.start("--name", "long", BASE, "sh", "-c", "seq 1 100; sleep 1000")
    until(lambda: deck.out("logs", "-n", "1", "long") == "100\n", "the last line")
    with deck.begin("logs", "-f", "-n", "2", "long") as follower:
        assert follower.stdout is not None
        assert [follower.stdout.readline() for _ in range(2)] == ["99\n", "100\n"]
        deck.out("kill", "long")
        follower.communicate(timeout=60)


def test_the_log_of_a_running_container_is_there_at_once(deck: Deck) -> None:
    deck.start("--name", "alive", BASE, "sh", "-c", "echo up; sleep 1000")
    until(lambda: deck.out("logs", "alive") == "up\n", "the line")


def test_the_output_of_earlier_runs_comes_first(deck: Deck) -> None:
    _print(deck, "twice", "echo run")
    deck.out("start", "twice")
    until(lambda: deck.out("logs", "twice") == "run\nrun\n", "both runs")


def test_bytes_that_are_no_text_come_as_they_were_written(deck: Deck) -> None:
    _print(deck, "raw", r"printf '\000\377\n'")
    reader = deck.engine.log("raw")
    try:
        assert b"".join(data for _piece, data in reader.chunks()) == b"\0\xff\n"
    finally:
        reader.close()


def test_a_terminal_s_output_is_one_stream_with_its_line_ends(deck: Deck) -> None:
    deck.qd("run", "-t", "--name", "screen", BASE, "sh", "-c", "echo out; echo err >&2")
    assert deck.out("logs", "screen").replace("\r\n", "\n") == "out\nerr\n"


def test_logs_of_nothing_is_an_error_with_a_hint(qd: Callable[..., Outcome]) -> None:
    outcome = qd("logs", "nobody")
    assert outcome.code == 125
    assert "no such container: nobody" in outcome.err


def test_half_a_million_lines_are_recorded_and_printed_whole(deck: Deck) -> None:
    deck.qd("run", "--name", "flood", BASE, "seq", "1", "500000", seconds=120)
    lines = deck.out("logs", "flood").splitlines()
    assert len(lines) == 500000
    assert lines[::100000] == ["1", "100001", "200001", "300001", "400001"]
    assert deck.out("logs", "-n", "3", "flood") == "499998\n499999\n500000\n"
