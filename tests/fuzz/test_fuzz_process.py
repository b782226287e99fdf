"""`process` and `linux.seccomp` out of anything: an error in words, or something that can be executed."""

import json
import os
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine import errors
from engine.sandbox import seccomp_names, seccomp_profile, seccomp_rules
from engine.sandbox.limits import LIMITS
from engine.sandbox.oci_process import Process
from engine.sandbox.scheduling import FLAGS, POLICIES

WORDS = [*POLICIES, *FLAGS, *LIMITS, *seccomp_names.ACTIONS, *seccomp_names.OPERATORS, "CAP_KILL", "A=1", "0-3", "/"]
FIELDS = """args cwd env user uid gid umask additionalGids capabilities bounding ambient rlimits type soft hard
scheduler policy nice priority flags runtime deadline ioPriority class execCPUAffinity initial final
apparmorProfile consoleSize height terminal oomScoreAdj noNewPrivileges""".split()
SECCOMP_FIELDS = """defaultAction defaultErrnoRet architectures flags listenerPath syscalls names name action errnoRet
args index value valueTwo op includes excludes caps arches minKernel archMap architecture subArchitectures""".split()
TEXT = st.text(st.characters(codec=None), max_size=20)
"""Halves of surrogate pairs included, as JSON has them."""


def anything(fields: list[str]) -> st.SearchStrategy[Any]:
    leaves = st.none() | st.booleans() | st.integers(-(2**65), 2**65) | st.floats() | st.sampled_from(WORDS) | TEXT
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(fields), inner),
        max_leaves=12,
    )


def objects(fields: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(fields), anything(fields))


@given(objects(FIELDS), st.dictionaries(st.sampled_from(["personality", "memoryPolicy"]), anything(["domain", "mode"])))
def test_a_process_is_read_or_refused_in_words(process: dict[str, Any], linux: dict[str, Any]) -> None:
    try:
        made = Process.of_spec({"args": ["true"], "cwd": "/", **process}, {}, linux)
    except errors.EngineError as err:
        assert err.message
    else:
        assert made.arguments
        assert made.cwd.startswith("/")
        assert all(map(os.fsencode, [made.cwd, *filter(None, made.arguments), *made.environment]))


@given(objects(SECCOMP_FIELDS), st.sampled_from(["x86_64", "aarch64", "riscv64", "vax"]))
def test_a_policy_is_read_or_refused_in_words(section: dict[str, Any], machine: str) -> None:
    try:
        seccomp_rules.parse({"defaultAction": "SCMP_ACT_ALLOW", **section}, machine, 4)
    except errors.EngineError as err:
        assert err.message


@given(objects(SECCOMP_FIELDS))
def test_a_file_of_dockers_is_read_or_refused_in_words(document: dict[str, Any]) -> None:
    try:
        seccomp_profile.from_docker_json(json.dumps({"defaultAction": "SCMP_ACT_ERRNO", **document}), ["CAP_KILL"])
    except errors.EngineError as err:
        assert err.message
