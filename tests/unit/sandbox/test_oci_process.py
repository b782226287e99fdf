"""`process` of a spec: what is read from it, and what is refused before anything is made."""

from typing import Any

import pytest

from engine.errors import InvalidInput
from engine.sandbox import limits, personality, scheduling
from engine.sandbox.limits import UNLIMITED
from engine.sandbox.oci_process import Process, environment
from engine.sandbox.users import User


def wanted(linux: dict[str, Any] | None = None, **fields: Any) -> Process:
    return Process.of_spec({"args": ["true"], "cwd": "/", **fields}, {}, linux)


def test_the_least_that_a_spec_says_is_enough() -> None:
    made = wanted()
    assert (made.arguments, made.environment, made.cwd, made.umask) == (["true"], {}, "/", 0o022)
    assert (made.user, made.capabilities, made.oom_score_adj, made.seccomp) == (User(0, 0, (), ""), None, None, None)


def test_null_is_as_good_as_nothing() -> None:
    names = "user capabilities rlimits env oomScoreAdj scheduler ioPriority execCPUAffinity apparmorProfile consoleSize"
    assert wanted(**dict.fromkeys(names.split())) == wanted()


def test_what_nobody_knows_is_ignored() -> None:
    assert wanted({"nonesuch": 1}, nonesuch={"a": 1}) == wanted()


def test_the_size_of_a_console_counts_where_there_is_one() -> None:
    size = {"height": 24, "width": 80}
    assert wanted(consoleSize=size, terminal=True).size == (24, 80)
    assert wanted(consoleSize=size).size is None


def test_sets_and_warnings_come_from_the_names() -> None:
    made = wanted(capabilities={"bounding": ["CAP_CHOWN", "CAP_X"], "ambient": ["kill"]})
    assert made.capabilities is not None
    assert (made.capabilities.bounding, made.capabilities.ambient) == (1, 0)
    assert made.warnings == ("ignoring unknown or unavailable capabilities: [CAP_X kill]",)


def test_variables_are_pairs_of_which_the_last_counts() -> None:
    assert list(environment(["A=1", "B=", "A=2=3", "N=\n"]).items()) == [("B", ""), ("A", "2=3"), ("N", "\n")]


def test_affinity_is_read_as_masks() -> None:
    made = wanted(execCPUAffinity={"initial": "0-1", "final": "3"})
    assert (made.initial_affinity, made.final_affinity) == (0b11, 0b1000)


@pytest.mark.parametrize(
    "fields",
    [
        {"args": []},
        {"args": None},
        {"args": "true"},
        {"args": [1]},
        {"args": ["a\0b"]},
        {"cwd": ""},
        {"cwd": "tmp"},
        {"cwd": 3},
        {"env": {"A": "1"}},
        {"env": ["A"]},
        {"env": ["=1"]},
        {"env": [1]},
        {"env": ["A=\0"]},
        {"user": []},
        {"user": {"uid": -1}},
        {"user": {"uid": 2**32 - 1}},
        {"user": {"uid": "root"}},
        {"user": {"uid": True}},
        {"user": {"gid": 1.5}},
        {"user": {"additionalGids": 3}},
        {"user": {"additionalGids": ["wheel"]}},
        {"user": {"umask": -1}},
        {"capabilities": ["CAP_KILL"]},
        {"capabilities": {"bounding": "CAP_KILL"}},
        {"noNewPrivileges": "yes"},
        {"oomScoreAdj": 1001},
        {"oomScoreAdj": "1"},
        {"rlimits": {"type": "RLIMIT_CORE"}},
        {"rlimits": ["RLIMIT_CORE"]},
        {"apparmorProfile": 3},
        {"selinuxLabel": "a\0"},
        {"consoleSize": {"height": -1, "width": 1}, "terminal": True},
        {"scheduler": "SCHED_OTHER"},
        {"ioPriority": []},
        {"execCPUAffinity": {"initial": "x"}},
    ],
)
def test_a_field_of_the_wrong_type_or_out_of_range_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        wanted(**fields)


@pytest.mark.parametrize("linux", [{"personality": 1}, {"seccomp": []}, {"memoryPolicy": "x"}, {"personality": {}}])
def test_so_it_is_in_the_section_of_linux(linux: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        wanted(linux)


def test_limits_are_numbers_without_an_end() -> None:
    entries = [{"type": "RLIMIT_CORE", "soft": 0, "hard": -1}, {"type": "RLIMIT_AS", "soft": 5, "hard": UNLIMITED}]
    assert limits.parse(entries) == (("RLIMIT_CORE", 0, UNLIMITED), ("RLIMIT_AS", 5, UNLIMITED))


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([{"type": "RLIMIT_CORE"}, {"type": "RLIMIT_CORE"}], "twice"),
        ([{"type": "RLIMIT_NONE"}], "wrong rlimit value: RLIMIT_NONE"),
        ([{"soft": 1}], "wrong rlimit value"),
        ([{"type": "RLIMIT_CORE", "soft": "1"}], "not a number"),
        ([{"type": "RLIMIT_CORE", "hard": UNLIMITED + 1}], "not a number"),
    ],
)
def test_limits_that_make_no_sense_are_refused(entries: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        limits.parse(entries)


@pytest.mark.parametrize(
    ("scheduler", "words"),
    [
        ({}, "policy is required"),
        ({"policy": "SCHED_NONE"}, "invalid scheduler policy"),
        ({"policy": "SCHED_OTHER", "nice": 20}, "invalid scheduler.nice: 20"),
        ({"policy": "SCHED_BATCH", "nice": -21}, "invalid scheduler.nice: -21"),
        ({"policy": "SCHED_OTHER", "priority": 1}, "SchedFIFO or SchedRR"),
        ({"policy": "SCHED_FIFO", "runtime": 1}, "SchedDeadline"),
        ({"policy": "SCHED_FIFO", "flags": ["NONE"]}, "invalid scheduler flag"),
        ({"policy": "SCHED_DEADLINE", "runtime": 2**64}, "out of range"),
        ({"policy": "SCHED_OTHER", "nice": "5"}, "not a number"),
    ],
)
def test_a_scheduler_that_makes_no_sense_is_refused(scheduler: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        scheduling.parse_scheduler(scheduler)


def test_a_scheduler_becomes_numbers() -> None:
    fields = {"policy": "SCHED_DEADLINE", "flags": ["SCHED_FLAG_RESET_ON_FORK"], "nice": 19, "runtime": 42, "period": 9}
    assert scheduling.parse_scheduler(fields) == (6, 1, 19, 0, 42, 0, 9)


@pytest.mark.parametrize("fields", [{}, {"class": "IDLE"}, {"class": "IOPRIO_CLASS_BE", "priority": 8}])
def test_an_io_priority_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="invalid ioPriority"):
        scheduling.parse_io_priority(fields)


@pytest.mark.parametrize(("text", "mask"), [("0", 1), ("0-2", 7), ("1,3", 10), ("0, 2-3", 13), ("8191", 1 << 8191)])
def test_a_list_of_cpus_is_a_mask(text: str, mask: int) -> None:
    assert scheduling.parse_cpus(text) == mask


@pytest.mark.parametrize("text", ["a", "-", "1-", "-1", "2-1", "8192", "0-99999", "0-9876543210", "1,,2", 3, ["1"]])
def test_a_list_that_is_none_is_refused(text: Any) -> None:
    with pytest.raises(InvalidInput, match="invalid CPU affinity"):
        scheduling.parse_cpus(text)


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        ({"nodes": "0"}, 'invalid memory policy mode ""'),
        ({"mode": "INTERLEAVE", "nodes": "0"}, "invalid memory policy mode"),
        ({"mode": "MPOL_BIND", "flags": ["bad"]}, 'invalid memory policy flag "bad"'),
        ({"mode": "MPOL_BIND", "nodes": "0-9876543210"}, "invalid memory policy node"),
    ],
)
def test_a_memory_policy_that_makes_no_sense_is_refused(policy: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        personality.parse_memory_policy(policy)


@pytest.mark.parametrize("fields", [{"domain": "BSD"}, {"domain": "LINUX", "flags": ["ADDR_NO_RANDOMIZE"]}])
def test_a_personality_that_makes_no_sense_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="personality"):
        personality.parse_personality(fields)
