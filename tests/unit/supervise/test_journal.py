"""The journal of events."""

import asyncio
from pathlib import Path

import pytest

from engine import model
from engine.state.paths import Paths
from engine.supervise import events
from engine.supervise.events import Journal, matches


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(Paths(str(tmp_path), str(tmp_path)))


def test_what_was_recorded_is_read_back_in_order(journal: Journal) -> None:
    journal.record("container", "start", "id1", "web", image="base")
    journal.record("container", "die", "id1", "web", exitCode="1")
    found = list(journal.past(None, None))
    assert [event.action for event in found] == ["start", "die"]
    assert found[1].attributes == {"exitCode": "1"}


def test_since_and_until_cut_the_past(journal: Journal) -> None:
    journal.record("container", "start", "id1", "web")
    moment = next(journal.past(None, None)).time_ns
    assert len(list(journal.past(moment, moment))) == 1
    assert list(journal.past(moment + 1, None)) == []
    assert list(journal.past(None, moment - 1)) == []


def test_a_broken_line_is_passed_over(journal: Journal, tmp_path: Path) -> None:
    with open(tmp_path / "events", "ab") as file:
        file.write(b'{"time_ns": "soon"}\nnot json\n')
    journal.record("container", "start", "id1", "web")
    assert [event.action for event in journal.past(None, None)] == ["start"]


def test_the_journal_keeps_one_old_file_and_no_more(
    journal: Journal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "FILE_MAX", 2000)
    for number in range(100):
        journal.record("container", "start", f"id{number}", "web")
    kept = [path.name for path in tmp_path.iterdir()]
    assert sorted(kept) == ["events", "events.1"]
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) <= 4000
    assert list(journal.past(None, None))[-1].id == "id99"


def test_a_follower_that_does_not_read_loses_the_oldest_and_blocks_nobody(journal: Journal) -> None:
    async def follow() -> list[model.Event]:
        queue = journal.follow()
        for number in range(1500):
            journal.record("container", "start", f"id{number}", "web")
        return [queue.get_nowait() for _ in range(queue.qsize())]

    got = asyncio.run(follow())
    assert len(got) == 1000
    assert got[-1].id == "id1499"


def test_oom_kills_are_counted_within_their_time(journal: Journal) -> None:
    journal.record("container", "oom", "id1", "web")
    moment = next(journal.past(None, None)).time_ns
    assert journal.ooms_since(moment) == 1
    assert journal.ooms_since(moment + 1) == 0


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, True),
        ({"event": ["die"]}, True),
        ({"event": ["start"]}, False),
        ({"event": ["start", "die"]}, True),
        ({"container": ["abc"]}, True),
        ({"container": ["web"]}, True),
        ({"container": ["other"]}, False),
        ({"type": ["image"]}, False),
        ({"image": ["base"]}, True),
        ({"label": ["tier"]}, True),
        ({"label": ["tier=front"]}, True),
        ({"label": ["tier=back"]}, False),
        ({"event": ["die"], "container": ["other"]}, False),
    ],
)
def test_filters_are_docker_s(filters: dict[str, list[str]], expected: bool) -> None:
    event = model.Event(
        time_ns=1,
        type="container",
        action="die",
        id="abcdef",
        name="web",
        attributes={"image": "base", "tier": "front"},
    )
    assert matches(event, filters) is expected
