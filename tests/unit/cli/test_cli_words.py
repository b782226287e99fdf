"""Numbers, states, tables and templates as a person reads them."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli.render import human
from engine.cli.render.clean import printable
from engine.cli.render.listing import Column, format_listing
from engine.cli.render.status import status
from engine.cli.render.table import ellipsis, short_id, table
from engine.cli.render.template import Template, go_text
from engine.errors import InvalidInput
from engine.model import Container, ContainerState, CreateOptions, Status

SECOND = 10**9
NOW = 1_777_630_272 * SECOND


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "Less than a second"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "About a minute"),
        (119, "About a minute"),
        (120, "2 minutes"),
        (3599, "59 minutes"),
        (3600, "About an hour"),
        (5399, "About an hour"),
        (5400, "2 hours"),
        (47 * 3600, "47 hours"),
        (48 * 3600, "2 days"),
        (13 * 86400, "13 days"),
        (14 * 86400, "2 weeks"),
        (59 * 86400, "8 weeks"),
        (60 * 86400, "2 months"),
        (729 * 86400, "24 months"),
        (730 * 86400, "2 years"),
    ],
)
def test_durations_in_docker_s_words(seconds: float, words: str) -> None:
    assert human.duration(seconds) == words


def test_a_clock_that_was_set_back_is_now() -> None:
    assert human.ago(NOW + SECOND, NOW) == "Less than a second ago"


@pytest.mark.parametrize(
    ("size", "decimal", "binary"),
    [
        (0, "0B", "0B"),
        (999, "999B", "999B"),
        (1000, "1kB", "1000B"),
        (1024, "1.02kB", "1KiB"),
        (999_999, "1MB", "976.6KiB"),
        (67_108_864, "67.1MB", "64MiB"),
        (123_456_789, "123MB", "117.7MiB"),
        (5 * 10**12, "5TB", "4.547TiB"),
    ],
)
def test_sizes(size: int, decimal: str, binary: str) -> None:
    assert human.decimal_size(size) == decimal
    assert human.binary_size(size) == binary


def test_stamps_have_nine_digits() -> None:
    assert human.rfc3339(NOW + 5) == "2026-05-01T10:11:12.000000005Z"


def container(state: ContainerState) -> Container:
    return Container(
        id="0" * 64,
        name="web",
        image="localhost/base",
        image_id="sha256:" + "1" * 64,
        command=("sh",),
        created_ns=NOW,
        options=CreateOptions(image="localhost/base"),
        state=state,
    )


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (ContainerState(), "Created"),
        (ContainerState(status=Status.RUNNING, started_ns=NOW - 3 * 3600 * SECOND), "Up 3 hours"),
        (ContainerState(status=Status.PAUSED, started_ns=NOW - 3 * 3600 * SECOND), "Up 3 hours (Paused)"),
        (
            ContainerState(status=Status.EXITED, finished_ns=NOW - 5 * SECOND, exit_code=137, oom_killed=True),
            "Exited (137) 5 seconds ago (OOM killed)",
        ),
        (ContainerState(status=Status.EXITED, finished_ns=NOW - 5 * SECOND, exit_code=0), "Exited (0) 5 seconds ago"),
        (ContainerState(status=Status.EXITED, finished_ns=NOW - SECOND), "Exited (unknown) 1 second ago"),
        (
            ContainerState(status=Status.RESTARTING, finished_ns=NOW - 2 * SECOND, exit_code=1),
            "Restarting (1) 2 seconds ago",
        ),
        (ContainerState(status=Status.REMOVING), "Removal In Progress"),
    ],
)
def test_the_status_column(state: ContainerState, words: str) -> None:
    assert status(container(state), NOW) == words


def test_a_table_has_columns_three_apart_and_ten_wide_at_least() -> None:
    assert table(("ID", "STATUS", "NAMES"), [("0123456789ab", "Up", "a"), ("", "", "bb")]) == (
        "ID             STATUS    NAMES\n"
        "0123456789ab   Up        a\n"
        "                         bb\n"
    )  # fmt: skip


@given(st.text(max_size=40))
def test_nothing_that_acts_on_a_terminal_is_in_a_cell(text: str) -> None:
    assert printable(text).isprintable()
    assert len(printable(text)) == len(text)


def test_escapes_and_overrides_are_spaces() -> None:
    assert printable("a\x1b[31mb\u202ec\nd") == "a [31mb c d"


def test_long_text_is_marked_as_cut() -> None:
    assert ellipsis("abcdef", 6) == "abcdef"
    assert ellipsis("abcdefg", 6) == "abcde…"
    assert short_id("sha256:" + "ab" * 32) == "abababababab"


COLUMNS = (Column("ID", "CONTAINER ID"), Column("Names", "NAMES"))
ROWS = [{"ID": "1", "Names": "web", "Labels": "a=b"}, {"ID": "2", "Names": "db", "Labels": ""}]


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (None, "CONTAINER ID   NAMES\n1              web\n2              db\n"),
        ("table", "CONTAINER ID   NAMES\n1              web\n2              db\n"),
        ("json", '{"ID": "1", "Names": "web", "Labels": "a=b"}\n{"ID": "2", "Names": "db", "Labels": ""}\n'),
        ("{{.Names}}={{ .ID }}", "web=1\ndb=2\n"),
        (r"{{.ID}}\t{{json .Names}}", '1\t"web"\n2\t"db"\n'),
        (r"table {{.Names}}\t{{.Labels}}", "NAMES     LABELS\nweb       a=b\ndb\n"),
    ],
)
def test_a_list_in_each_form(form: str | None, expected: str) -> None:
    assert format_listing(COLUMNS, ROWS, form) == expected


@pytest.mark.parametrize(
    "text", ["{{range .}}", "{{.Names | upper}}", "{{.Names", "Names}}", "{{}}", "{{.}.A}}", "{{len .X}}", "{{if .A}}"]
)
def test_a_template_that_computes_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        Template(text)
    assert "{{json .}}" in caught.value.hint


def test_a_field_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(InvalidInput, match=r"no field \.State\.Size") as caught:
        Template("{{.State.Size}}").apply({"State": {"Status": "up", "Pid": 1}})
    assert caught.value.hint == "there are Pid, Status"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (None, "<no value>"),
        (["a", 1], "[a 1]"),
        ({"b": 1, "a": [True]}, "map[a:[true] b:1]"),
        ("\x1b[2J", " [2J"),
    ],
)
def test_values_as_go_prints_them(value: object, text: str) -> None:
    assert go_text(value) == text


@given(st.text(alphabet="{}. jsonAB\\tn", max_size=24))
def test_any_template_applies_or_is_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        Template(text).apply({"A": {"B": 1}})
