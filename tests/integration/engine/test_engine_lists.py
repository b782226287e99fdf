"""Lists, names and filters: what is there, told to a person and to a program."""

import json
import subprocess
from collections.abc import Callable

import pytest
from support.deck import Deck, Outcome

BASE = "localhost/base"


def test_ps_shows_running_ones_and_with_a_all(deck: Deck, idle: Callable[..., str]) -> None:
    idle("up")
    deck.qd("run", "--name", "down", BASE, "sh", "-c", "exit 3")
    running, everything = deck.out("ps"), deck.out("ps", "-a")
    assert running.split()[:2] == ["CONTAINER", "ID"]
    assert "up" in running.split()
    assert "down" not in running.split()
    assert "Exited (3)" in everything


def test_ps_quiet_prints_short_ids_and_whole_ones(idle: Callable[..., str], out: Callable[..., str]) -> None:
    container = idle("short")
    assert out("ps", "-q") == f"{container[:12]}\n"
    assert out("ps", "-q", "--no-trunc") == f"{container}\n"


def test_ps_json_is_one_object_a_line(idle: Callable[..., str], out: Callable[..., str]) -> None:
    ids = [idle("a"), idle("b")]
    rows = [json.loads(line) for line in out("ps", "--no-trunc", "--format", "json").splitlines()]
    assert [row["Names"] for row in rows] == ["b", "a"]
    assert [row["ID"] for row in rows] == list(reversed(ids))
    assert {"Image", "Command", "State", "Status", "CreatedAt", "Labels"} <= rows[0].keys()
    assert rows[0]["State"] == "running"


def test_ps_takes_a_format_of_the_common_fields(idle: Callable[..., str], out: Callable[..., str]) -> None:
    idle("shaped")
    assert out("ps", "--format", "{{.Names}} is {{.State}}") == "shaped is running\n"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("status=exited", {"three", "zero"}),
        ("status=running", {"up"}),
        ("exited=3", {"three"}),
        ("name=thr", {"three"}),
        (f"ancestor={BASE}", {"three", "zero", "up"}),
        ("since=zero", {"three", "up"}),
        ("before=three", {"zero"}),
    ],
)
def test_filters_choose_rows(condition: str, expected: set[str], deck: Deck, idle: Callable[..., str]) -> None:
    deck.out("run", "--name", "zero", BASE, "true")
    deck.qd("run", "--name", "three", BASE, "sh", "-c", "exit 3")
    idle("up")
    found = deck.out("ps", "-a", "--filter", condition, "--format", "{{.Names}}").split()
    assert set(found) == expected


def test_an_unknown_filter_is_refused(qd: Callable[..., Outcome]) -> None:
    outcome = qd("ps", "--filter", "colour=red")
    assert outcome.code == 125
    assert "colour" in outcome.err


def test_a_prefix_of_the_id_is_a_name(deck: Deck, idle: Callable[..., str]) -> None:
    container = idle("prefixed")
    assert deck.engine.container(container[:6]).name == "prefixed"
    assert deck.engine.container(container).name == "prefixed"


def test_a_name_goes_before_a_prefix(deck: Deck, idle: Callable[..., str]) -> None:
    container = idle("one")
    idle(container[:4])
    assert deck.engine.container(container[:4]).name == container[:4]


def test_an_ambiguous_prefix_is_refused(deck: Deck) -> None:
    """Seventeen ids have sixteen first digits: two of them share one."""
    for _ in range(17):
        deck.out("create", BASE, "true")
    firsts = [container.id[0] for container in deck.engine.containers()]
    shared = next(digit for digit in firsts if firsts.count(digit) > 1)
    outcome = deck.qd("inspect", shared)
    assert outcome.code != 0
    assert shared in outcome.err


def test_a_container_without_a_name_gets_one(deck: Deck) -> None:
    container = deck.start(BASE, "sleep", "1000")
    name = deck.engine.container(container).name
    assert name
    assert deck.out("ps", "-q", "--no-trunc", "--filter", f"name={name}").strip() == container


def test_inspect_is_the_array_that_scripts_know(deck: Deck, idle: Callable[..., str]) -> None:
    container = idle("plain", "--memory", "64m", "-e", "A=b")
    (data,) = json.loads(deck.out("inspect", "plain"))
    assert (data["Id"], data["Name"].lstrip("/")) == (container, "plain")
    assert data["State"]["Status"] == "running"
    assert data["State"]["Running"] is True
    assert data["State"]["Pid"] == deck.engine.container("plain").state.pid
    assert data["State"]["OOMKilled"] is False
    assert data["HostConfig"]["Memory"] == 64 << 20
    assert "A=b" in data["Config"]["Env"]


def test_inspect_of_several_goes_on_past_one_that_is_missing(deck: Deck, idle: Callable[..., str]) -> None:
    idle("there")
    outcome = deck.qd("inspect", "there", "missing")
    assert outcome.code != 0
    assert [entry["Name"].lstrip("/") for entry in json.loads(outcome.out)] == ["there"]
    assert "missing" in outcome.err


def test_the_recorded_spec_is_that_of_the_runtime_specification(deck: Deck, idle: Callable[..., str]) -> None:
    idle("specified")
    spec = deck.engine.inspect("specified")["spec"]
    assert spec["ociVersion"].startswith("1.")
    assert spec["process"]["args"] == ["sleep", "1000"]


def test_top_lists_the_processes_with_pids_of_the_host(deck: Deck, idle: Callable[..., str]) -> None:
    idle("process")
    header, row = deck.out("top", "process").splitlines()
    assert header.split() == ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
    assert int(row.split()[1]) == deck.engine.container("process").state.pid
    assert row.endswith("sleep 1000")


def test_stats_without_stream_prints_one_line_a_container(deck: Deck, idle: Callable[..., str]) -> None:
    idle("counted", "--memory", "64m")
    header, row = deck.out("stats", "--no-stream").splitlines()
    assert header.startswith("CONTAINER ID")
    assert "counted" in row
    assert "64MiB" in row
    (line,) = deck.out("stats", "--no-stream", "--format", "json").splitlines()
    assert json.loads(line)["Name"] == "counted"


def test_images_lists_the_base_and_inspect_knows_it(out: Callable[..., str]) -> None:
    rows = [json.loads(line) for line in out("images", "--format", "json").splitlines()]
    assert [(row["Repository"], row["Tag"]) for row in rows] == [(BASE, "latest")]


def test_the_base_image_can_be_named_short(out: Callable[..., str]) -> None:
    assert out("run", "--rm", "base", "echo", "short") == "short\n"


def test_an_image_in_use_is_not_removed(idle: Callable[..., str], qd: Callable[..., Outcome]) -> None:
    idle("user")
    outcome = qd("rmi", BASE)
    assert outcome.code == 125
    assert "user" in outcome.err


@pytest.mark.requires("skopeo")
def test_skopeo_reads_the_store(deck: Deck) -> None:
    command = ["skopeo", "inspect", f"oci:{deck.paths.images}:{BASE}:latest"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["Os"] == "linux"


def test_prune_removes_what_does_not_run(deck: Deck, idle: Callable[..., str]) -> None:
    idle("stays")
    deck.out("run", "--name", "goes", BASE, "true")
    assert "goes" not in deck.out("ps", "-aq", "--filter", "name=stays")
    deck.out("system", "prune", "-f")
    assert [container.name for container in deck.engine.containers()] == ["stays"]


def test_info_and_version_name_the_engine(deck: Deck) -> None:
    info = deck.engine.info()
    assert info.root == deck.paths.root
    assert info.cgroup in ("v1", "v2", "hybrid", "none")
    assert info.version in deck.out("version")
    assert deck.out("info")
