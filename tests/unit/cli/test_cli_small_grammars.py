"""Variables, labels, volumes, policies, ulimits, keys and filters as an operator types them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.cli.parse import environment
from engine.cli.parse.filters import parse_filters
from engine.cli.parse.keys import parse_keys
from engine.cli.parse.mount import parse_tmpfs, parse_volume
from engine.cli.parse.policy import parse_restart, parse_ulimit
from engine.errors import InvalidInput
from engine.model import Bind, RestartPolicy, Ulimit, VolumeMount


def test_a_variable_is_given_or_passed_on() -> None:
    assert environment.parse_variable("A=b=c", {}) == "A=b=c"
    assert environment.parse_variable("A=", {}) == "A="
    assert environment.parse_variable("HOME", {"HOME": "/root"}) == "HOME=/root"
    assert environment.parse_variable("HOME", {}) is None


@pytest.mark.parametrize("text", ["", "=x", "A=\0"])
def test_a_variable_needs_a_name(text: str) -> None:
    with pytest.raises(InvalidInput):
        environment.parse_variable(text, {})


def test_a_file_of_variables_has_comments_and_no_quoting() -> None:
    text = '\ufeff# comment\n\n  A=1\r\nB="two words" \nC\nMISSING\n'
    assert environment.parse_variable_file(text, "f", {"C": "3"}) == ["A=1", 'B="two words" ', "C=3"]


def test_a_bad_line_of_a_file_is_named_by_its_number() -> None:
    with pytest.raises(InvalidInput, match="line 2 of vars"):
        environment.parse_variable_file("A=1\nB C=2\n", "vars", {})


def test_labels_the_last_one_counts() -> None:
    assert environment.parse_labels(["a=1", "b", "a=2"]) == {"a": "2", "b": ""}
    with pytest.raises(InvalidInput):
        environment.parse_labels(["=x"])


def test_a_file_that_cannot_be_read_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "none", tmp_path / "binary", tmp_path):
        with pytest.raises(InvalidInput, match=str(path)):
            environment.read_text(str(path))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/a:/b", Bind(source="/a", target="/b")),
        ("/a:/b:ro", Bind(source="/a", target="/b", read_only=True)),
        ("/a:/b:rw,z", Bind(source="/a", target="/b")),
        ("/a:/b:ro,rslave", Bind(source="/a", target="/b", read_only=True, propagation="rslave")),
        ("./a:/b/../c", Bind(source="/here/a", target="/c")),
        ("..:/up", Bind(source="/", target="/up")),
        ("data:/data", VolumeMount(name="data", target="/data")),
        ("data:/data:ro,nocopy", VolumeMount(name="data", target="/data", read_only=True, copy=False)),
        ("/data", VolumeMount(target="/data")),
    ],
)
def test_a_volume_is_a_folder_of_the_host_or_has_a_name_or_none(text: str, expected: Bind | VolumeMount) -> None:
    assert parse_volume(text, "/here") == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("data:/data:rslave", "directory of the host"),
        ("data", "absolute"),
        ("/a:b", "absolute"),
        ("/a:/", "absolute"),
        ("/a:/b/..", "absolute"),
        ("/a:/b:sideways", "sideways"),
        ("/a::ro", "not a volume"),
        ("/a:/b:ro:x", "not a volume"),
    ],
)
def test_a_volume_that_cannot_be_says_why_and_what_works(text: str, word: str) -> None:
    with pytest.raises(InvalidInput, match=word) as caught:
        parse_volume(text, "/here")
    assert caught.value.hint


@given(st.text(alphabet="ab/.:,ro~", max_size=20))
def test_any_text_is_a_volume_with_absolute_paths_or_refused(text: str) -> None:
    try:
        bind = parse_volume(text, "/here")
    except InvalidInput:
        return
    assert isinstance(bind, VolumeMount) or bind.source.startswith("/")
    assert bind.target.startswith("/")
    assert ".." not in bind.target.split("/")


def test_a_tmpfs_may_have_options() -> None:
    assert parse_tmpfs("/run") == ("/run", "")
    assert parse_tmpfs("/run:size=64m,mode=1777") == ("/run", "size=64m,mode=1777")
    with pytest.raises(InvalidInput):
        parse_tmpfs("run")


def test_restart_policies() -> None:
    assert parse_restart("no") == RestartPolicy()
    assert parse_restart("on-failure:5") == RestartPolicy(name="on-failure", max_retries=5)
    for text in ("", "sometimes", "always:3", "on-failure:", "on-failure:x", "on-failure:-1"):
        with pytest.raises(InvalidInput):
            parse_restart(text)


def test_ulimits() -> None:
    assert parse_ulimit("nofile=1024:2048") == Ulimit(name="nofile", soft=1024, hard=2048)
    assert parse_ulimit("core=-1") == Ulimit(name="core", soft=-1, hard=-1)
    assert parse_ulimit("nproc=5") == Ulimit(name="nproc", soft=5, hard=5)
    for text in ("wings=2", "nofile", "nofile=", "nofile=a", "nofile=2:1", "nofile=-1:5", "nofile=1:"):
        with pytest.raises(InvalidInput):
            parse_ulimit(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ctrl-]", b"\x1d"),
        ("ctrl-p,ctrl-q", b"\x10\x11"),
        ("a,b", b"ab"),
        ("ctrl-@", b"\0"),
        ("", b""),
        ("ctrl-[", b"\x1b"),
    ],
)
def test_detach_keys(text: str, expected: bytes) -> None:
    assert parse_keys(text) == expected


@pytest.mark.parametrize("text", ["ctrl-", "ctrl-1", "ctrl-A", "ab", ",", "a,", "é", "f1"])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="is not a key"):
        parse_keys(text)


def test_filters_gather_values_by_key() -> None:
    assert parse_filters(["a=1", "b=x=y", "a=2"], ("a", "b")) == {"a": ["1", "2"], "b": ["x=y"]}
    for text in ("c=1", "a"):
        with pytest.raises(InvalidInput, match="is not a filter"):
            parse_filters([text], ("a", "b"))
