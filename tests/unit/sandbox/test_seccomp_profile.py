"""Docker's default policy, and files in its form."""

import json
from typing import Any

import pytest

from engine.errors import InvalidInput
from engine.sandbox import capabilities, seccomp_calls, seccomp_profile

UPSTREAM_LENGTH = 17219
"""Characters of seccomp/default.json of github.com/moby/profiles at 02e898b137aed1024e232d59bcb05e6179b72177."""
UPSTREAM_CALLS = 361
"""Names in its first rule."""


def named(section: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [call for call in section["syscalls"] if name in call["names"]]


def actions(name: str, *names: str, arch: str = "x86_64") -> list[str]:
    return [call["action"] for call in named(seccomp_profile.default(names, arch), name)]


def as_upstream() -> str:
    """Our facts in the order of the file, in its own way of writing."""
    always = sorted((*seccomp_calls.ALWAYS, seccomp_calls.SOCKETCALL), key=lambda name: name.strip("_"))
    rules = [rule for rule in seccomp_calls.rules() if rule["names"] != [seccomp_calls.SOCKETCALL]]
    rules[0]["names"] = always
    document = seccomp_calls.document() | {"syscalls": rules}
    for rule in rules:
        if rule.get("includes", {}).get("arches") == ["s390", "s390x"] and rule["names"] == ["clone"]:
            rule["comment"] = "s390 parameter ordering for clone is different"
    for entry in document["archMap"]:
        entry["subArchitectures"] = entry["subArchitectures"] or None
    return json.dumps(document, indent="\t")


def test_the_policy_is_dockers_to_the_letter_but_for_one_call() -> None:
    assert len(seccomp_calls.ALWAYS) == len(set(seccomp_calls.ALWAYS)) == UPSTREAM_CALLS - 1
    assert len(as_upstream()) == UPSTREAM_LENGTH


def test_what_is_not_named_is_refused() -> None:
    section = seccomp_profile.default((), "x86_64")
    assert (section["defaultAction"], section["defaultErrnoRet"]) == ("SCMP_ACT_ERRNO", 1)
    for name in (
        "keyctl",
        "add_key",
        "request_key",
        "kexec_load",
        "io_uring_setup",
        "userfaultfd",
        "swapon",
        "nfsservctl",
    ):
        assert not named(section, name)


@pytest.mark.parametrize(
    ("name", "capability"),
    [
        ("mount", "CAP_SYS_ADMIN"),
        ("unshare", "CAP_SYS_ADMIN"),
        ("setns", "CAP_SYS_ADMIN"),
        ("bpf", "CAP_BPF"),
        ("perf_event_open", "CAP_PERFMON"),
        ("open_by_handle_at", "CAP_DAC_READ_SEARCH"),
        ("chroot", "CAP_SYS_CHROOT"),
        ("reboot", "CAP_SYS_BOOT"),
        ("init_module", "CAP_SYS_MODULE"),
        ("settimeofday", "CAP_SYS_TIME"),
        ("iopl", "CAP_SYS_RAWIO"),
        ("mbind", "CAP_SYS_NICE"),
        ("vhangup", "CAP_SYS_TTY_CONFIG"),
        ("kcmp", "CAP_SYS_PTRACE"),
    ],
)
def test_a_call_comes_with_its_capability(name: str, capability: str) -> None:
    assert actions(name, *set(capabilities.NAMES) - {capability}) in ([], ["SCMP_ACT_ALLOW"])
    assert actions(name) == []
    assert actions(name, capability) == ["SCMP_ACT_ALLOW"]


def test_clone_makes_no_namespaces_and_clone3_is_not_there() -> None:
    (clone,) = named(seccomp_profile.default((), "x86_64"), "clone")
    assert clone["args"] == [{"index": 0, "value": 0x7E020000, "op": "SCMP_CMP_MASKED_EQ"}]
    (clone3,) = named(seccomp_profile.default((), "x86_64"), "clone3")
    assert (clone3["action"], clone3["errnoRet"]) == ("SCMP_ACT_ERRNO", 38)
    assert actions("clone", "CAP_SYS_ADMIN") == actions("clone3", "CAP_SYS_ADMIN") == ["SCMP_ACT_ALLOW"]


def test_the_flags_of_clone_are_its_second_argument_on_s390() -> None:
    (clone,) = named(seccomp_profile.default((), "s390x"), "clone")
    assert clone["args"][0]["index"] == 1


def test_neither_kernel_cryptography_nor_virtual_machines_have_sockets() -> None:
    families = [call["args"][0] for call in named(seccomp_profile.default((), "x86_64"), "socket")]
    assert {"index": 0, "value": 12, "op": "SCMP_CMP_LT"} in families
    assert not {38, 40} & {family["value"] for family in families}
    assert {39, 41} < {family["value"] for family in families}


def test_calls_that_hide_their_family_are_not_there() -> None:
    section = seccomp_profile.default(capabilities.NAMES, "x86_64")
    assert section["syscalls"][0] == {"names": ["socketcall"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}
    assert len(named(section, "socketcall")) == 1


@pytest.mark.parametrize(
    ("arch", "expected"),
    [
        ("x86_64", ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"]),
        ("aarch64", ["SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"]),
        ("riscv64", ["SCMP_ARCH_RISCV64"]),
        ("ppc64le", []),
    ],
)
def test_the_32_bit_calls_of_a_machine_are_judged_too(arch: str, expected: list[str]) -> None:
    assert seccomp_profile.default((), arch)["architectures"] == expected


def test_a_call_of_one_machine_is_not_on_another() -> None:
    assert actions("modify_ldt") == ["SCMP_ACT_ALLOW"]
    assert actions("modify_ldt", arch="aarch64") == []
    assert actions("set_tls", arch="aarch64") == ["SCMP_ACT_ALLOW"]


def profile(**call: Any) -> str:
    return json.dumps(
        {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW", **call}]}
    )


@pytest.mark.parametrize(
    ("call", "counts"),
    [
        ({"includes": {"minKernel": "3.1"}}, True),
        ({"includes": {"minKernel": "999.0"}}, False),
        ({"excludes": {"minKernel": "3.1"}}, False),
        ({"includes": {"caps": ["CAP_KILL", "CAP_CHOWN"]}}, False),
        ({"includes": {"caps": ["CAP_KILL"]}}, True),
        ({"excludes": {"caps": ["CAP_CHOWN", "CAP_KILL"]}}, False),
        ({"excludes": {"caps": ["CAP_CHOWN"]}}, True),
        ({"includes": {"arches": ["amd64"]}, "excludes": {"arches": ["arm64"]}}, True),
        ({"includes": {"arches": ["arm64"]}}, False),
        ({"includes": {}, "excludes": None}, True),
    ],
)
def test_a_rule_of_a_file_counts_under_its_conditions(call: dict[str, Any], counts: bool) -> None:
    section = seccomp_profile.from_docker_json(profile(**call), ["CAP_KILL"], "x86_64")
    assert section is not None
    assert [entry["names"] for entry in section["syscalls"]] == ([["read"]] if counts else [])


def test_an_old_file_has_one_name_a_rule_and_a_plain_list_of_architectures() -> None:
    calls = [{"name": "mkdir", "action": "SCMP_ACT_ERRNO", "args": []}]
    text = json.dumps({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"], "syscalls": calls})
    assert seccomp_profile.from_docker_json(text, ()) == {
        "defaultAction": "SCMP_ACT_ALLOW",
        "architectures": ["SCMP_ARCH_X86"],
        "syscalls": [{"names": ["mkdir"], "action": "SCMP_ACT_ERRNO", "args": []}],
    }


def test_an_empty_file_filters_nothing() -> None:
    assert seccomp_profile.from_docker_json("{}", ()) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{" * 100_000,
        "[" * 100_000,
        '{"defaultAction": "x", "syscalls": 3}',
        '{"defaultAction": "x", "syscalls": [3]}',
        '{"defaultAction": "x", "architectures": ["a"], "archMap": [{}]}',
        '{"defaultAction": "x", "syscalls": [{"name": "a", "names": ["b"]}]}',
        '{"defaultAction": "x", "syscalls": [{"name": "a", "includes": {"minKernel": "new"}}]}',
        '{"defaultAction": "x", "syscalls": [{"name": "a", "includes": {"minKernel": 4}}]}',
        '{"defaultAction": "x", "syscalls": [{"name": "a", "includes": []}]}',
        " " * (seccomp_profile.FILE_MAX + 1),
    ],
)
def test_a_file_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        seccomp_profile.from_docker_json(text, ())
