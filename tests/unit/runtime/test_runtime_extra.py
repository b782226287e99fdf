"""What one more program in a container is."""

import json
from pathlib import Path
from typing import Any

import pytest

from engine.errors import InvalidInput
from engine.runtime import arguments, extra
from engine.runtime.call import Call
from engine.runtime.report import Log
from engine.runtime.verbs import execute

SPEC: dict[str, Any] = {
    "process": {
        "terminal": True,
        "consoleSize": {"height": 1, "width": 2},
        "user": {"uid": 1, "gid": 2, "additionalGids": [3]},
        "args": ["sh"],
        "env": ["A=1"],
        "cwd": "/",
        "capabilities": {"bounding": ["CAP_KILL"], "inheritable": [], "ambient": []},
        "noNewPrivileges": True,
    },
    "linux": {"seccomp": {"defaultAction": "SCMP_ACT_ALLOW"}, "sysctl": {}},
}


def call(*words: str) -> Call:
    given = arguments.parse(list(words), execute.OPTIONS, interleaved=False)
    return Call("exec", "/root", Log(), given, False, True, "auto")


def test_it_is_the_containers_own_process_with_another_command() -> None:
    found = extra.process(call("box", "ls", "-l"), SPEC)
    assert found["args"] == ["ls", "-l"]
    assert (found["env"], found["cwd"], found["user"]) == (["A=1"], "/", SPEC["process"]["user"])
    assert found["terminal"] is False
    assert found["noNewPrivileges"] is True
    assert "consoleSize" not in found


def test_what_the_command_line_names_counts() -> None:
    words = ("-t", "--cwd", "/tmp", "-e", "B=2", "--apparmor", "p", "--process-label", "l", "box", "id")
    found = extra.process(call(*words), SPEC)
    assert (found["terminal"], found["cwd"], found["env"]) == (True, "/tmp", ["A=1", "B=2"])
    assert (found["apparmorProfile"], found["selinuxLabel"]) == ("p", "l")


def test_the_spec_stays_as_it_was() -> None:
    before = json.dumps(SPEC)
    extra.process(call("-u", "7:8", "-c", "CAP_CHOWN", "-e", "B=2", "-g", "9", "box", "id"), SPEC)
    assert json.dumps(SPEC) == before


@pytest.mark.parametrize(("text", "uid", "gid"), [("7", 7, 2), ("7:8", 7, 8), ("0:0", 0, 0)])
def test_a_user_is_a_number_and_perhaps_a_group(text: str, uid: int, gid: int) -> None:
    user = extra.process(call("-u", text, "box", "id"), SPEC)["user"]
    assert (user["uid"], user["gid"]) == (uid, gid)


@pytest.mark.parametrize("text", ["root", "-1", "1:", "1:x", "4294967295", "9" * 5000, "\u0661"])
def test_a_user_that_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        extra.process(call("--user=" + text, "box", "id"), SPEC)


def test_groups_add_up_with_commas_and_without() -> None:
    user = extra.process(call("-g", "4,5", "-g", "6", "box", "id"), SPEC)["user"]
    assert user["additionalGids"] == [3, 4, 5, 6]


def test_a_capability_comes_to_the_sets_that_a_program_uses() -> None:
    sets = extra.process(call("-c", "cap_chown", "-c", "CAP_KILL", "box", "id"), SPEC)["capabilities"]
    assert sets["bounding"] == ["CAP_KILL", "CAP_CHOWN"]
    assert sets["effective"] == sets["permitted"] == ["CAP_CHOWN", "CAP_KILL"]
    assert (sets["inheritable"], sets["ambient"]) == ([], [])


def test_an_inheritable_capability_becomes_ambient_too() -> None:
    process = SPEC["process"] | {"capabilities": {"inheritable": ["CAP_CHOWN"]}}
    sets = extra.process(call("-c", "CAP_CHOWN", "-c", "CAP_KILL", "box", "id"), SPEC | {"process": process})
    assert sets["capabilities"]["ambient"] == ["CAP_CHOWN"]


def test_a_file_with_the_process_is_taken_whole(tmp_path: Path) -> None:
    path = tmp_path / "process.json"
    path.write_text('{"args": ["id"], "cwd": "/"}')
    assert extra.process(call("-p", str(path), "box"), SPEC) == {"args": ["id"], "cwd": "/"}


def test_no_command_is_refused_in_runcs_words() -> None:
    with pytest.raises(InvalidInput, match="process args cannot be empty"):
        extra.process(call("box"), SPEC)


def test_the_containers_filter_holds_for_every_program_in_it() -> None:
    assert extra.linux(SPEC) == {"seccomp": SPEC["linux"]["seccomp"]}
