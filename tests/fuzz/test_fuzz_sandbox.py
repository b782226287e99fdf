"""What strangers wrote, and what operators type, meets every parser of the sandbox: words or a value, never a crash."""

import json
import posixpath
from contextlib import suppress
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.kernel import proc
from engine.model import Bind, CreateOptions
from engine.sandbox import capabilities, image_config, messages, options, resources, spec, users
from engine.sandbox.users import ID_MAX

WORDS = st.text(alphabet="abr:/.,-=0129 x\0\n\\\u0663", max_size=40)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | WORDS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(WORDS, below, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(["Entrypoint", "Cmd", "Env", "WorkingDir", "User"])


@given(WORDS, WORDS, WORDS)
def test_a_user_is_in_range_or_refused(user: str, passwd: str, group: str) -> None:
    with suppress(InvalidInput):
        found = users.resolve(user, passwd, group)
        assert all(0 <= number <= ID_MAX for number in (found.uid, found.gid, *found.groups))


@given(st.dictionaries(FIELDS, JSON))
def test_an_image_config_gives_strings_or_is_refused(config: dict[str, Any]) -> None:
    with suppress(InvalidInput):
        found = image_config.read({"config": config})
        assert all(isinstance(word, str) and "\0" not in word for word in (*found.entrypoint, *found.cmd, *found.env))


@given(st.dictionaries(FIELDS, JSON), WORDS, WORDS, WORDS)
def test_a_spec_is_json_with_safe_paths_or_refused(config: dict[str, Any], target: str, workdir: str, env: str) -> None:
    made = CreateOptions(
        image="x", command=("true",), env=(env,), workdir=workdir, binds=(Bind(source="/s", target=target),)
    )
    with suppress(InvalidInput):
        built = spec.build("id", made, {"config": config}, hostname="box", files={}, cgroups_path="/x")
        paths = [built["process"]["cwd"], *(mount["destination"] for mount in built["mounts"])]
        assert all(path.startswith("/") and posixpath.normpath(path) == path for path in paths)
        assert json.loads(json.dumps(built)) == built


@given(st.lists(WORDS))
def test_mount_options_are_flags_or_the_file_systems(words: list[str]) -> None:
    parsed = options.parse(words)
    assert parsed.flags >= 0


@given(WORDS)
def test_a_list_of_cpus_is_bounded_or_refused(text: str) -> None:
    with suppress(InvalidInput):
        assert max(resources.parse_list(text)) <= resources.CPU_NUMBER_MAX


@given(st.lists(WORDS), st.lists(WORDS))
def test_capabilities_are_known_ones_or_refused(add: list[str], drop: list[str]) -> None:
    with suppress(InvalidInput):
        assert set(capabilities.combine(add, drop)) <= set(capabilities.NAMES)


@given(st.binary(max_size=200))
def test_a_packet_is_a_message_or_a_value_error(packet: bytes) -> None:
    with suppress(ValueError):
        assert isinstance(messages.decode(packet).kind, messages.Kind)


@given(st.text())
def test_texts_of_proc_never_stop_a_parser(text: str) -> None:
    proc.parse_mounts(text)
    proc.parse_cgroups(text)
    proc.parse_status(text)
    proc.unescape(text)
    with suppress(ValueError):
        proc.parse_stat(text)
