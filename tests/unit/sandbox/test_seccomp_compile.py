"""Policies as programs: what is refused, what a program says to each call, what is believed of the cache."""

import os
import struct
from pathlib import Path
from typing import Any

import pytest

from engine import errors
from engine.sandbox import (
    libseccomp,
    seccomp,
    seccomp_cache,
    seccomp_names,
    seccomp_profile,
    seccomp_rules,
    seccomp_stub,
)
from engine.sandbox.seccomp_names import (
    ALLOW,
    AUDIT_X86_64,
    ERRNO,
    KILL_PROCESS,
    KILL_THREAD,
    LOG,
    NOTIFY,
    TRACE,
    TRAP,
    X32,
)

AUDIT_X86 = 0x4000_0003
AUDIT_AARCH64 = 0xC000_00B7


@pytest.fixture(autouse=True)
def installed() -> None:
    try:
        libseccomp.library()
    except errors.MissingFeature as err:
        pytest.skip(err.message)


def section(*calls: dict[str, Any], default: str = "SCMP_ACT_ALLOW", **more: Any) -> dict[str, Any]:
    return {"defaultAction": default, "syscalls": list(calls), **more}


def rule(*names: str, action: str = "SCMP_ACT_ERRNO", **more: Any) -> dict[str, Any]:
    return {"names": list(names), "action": action, **more}


def judge(program: bytes, number: int, *arguments: int, arch: int = AUDIT_X86_64) -> int:
    """What the program says: the classic BPF machine, as far as seccomp programs use it."""
    data = struct.pack("iIQ6Q", number, arch, 0, *(*arguments, *[0] * (6 - len(arguments))))
    accumulator = at = 0
    while True:
        code, yes, no, constant = struct.unpack_from("HBBI", program, at * 8)
        at += 1
        if code == 0x06:
            return constant
        if code == 0x20:
            accumulator = struct.unpack_from("I", data, constant)[0]
        elif code == 0x54:
            accumulator &= constant
        elif code == 0x05:
            at += constant
        else:
            holds = {
                0x15: accumulator == constant,
                0x25: accumulator > constant,
                0x35: accumulator >= constant,
                0x45: bool(accumulator & constant),
            }
            at += yes if holds[code] else no


def compiled(wanted: dict[str, Any]) -> bytes:
    return seccomp.compile(wanted, arch="x86_64").program


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("SCMP_ACT_KILL", KILL_THREAD),
        ("SCMP_ACT_KILL_THREAD", KILL_THREAD),
        ("SCMP_ACT_KILL_PROCESS", KILL_PROCESS),
        ("SCMP_ACT_TRAP", TRAP),
        ("SCMP_ACT_ERRNO", ERRNO | 1),
        ("SCMP_ACT_TRACE", TRACE | 1),
        ("SCMP_ACT_LOG", LOG),
    ],
)
def test_an_action_is_what_the_call_is_answered_with(action: str, expected: int) -> None:
    program = compiled(section(rule("mkdir", action=action)))
    assert judge(program, 83) == expected
    assert judge(program, 84) == ALLOW


def test_an_action_that_notifies_asks_for_a_listener() -> None:
    made = seccomp.compile(
        section(rule("mkdir", action="SCMP_ACT_NOTIFY"), listenerPath="/run/agent.sock"), arch="x86_64"
    )
    assert judge(made.program, 83) == NOTIFY
    assert (made.notify, made.flags) == (True, 4 | 8)


def test_an_errno_of_its_own_is_returned() -> None:
    assert judge(compiled(section(rule("mkdir", errnoRet=100))), 83) == ERRNO | 100
    program = compiled(section(rule("write", action="SCMP_ACT_ALLOW"), default="SCMP_ACT_ERRNO", defaultErrnoRet=6))
    assert judge(program, 83) == ERRNO | seccomp_stub.ENOSYS
    assert (
        judge(compiled(section(rule("bpf", action="SCMP_ACT_ALLOW"), default="SCMP_ACT_ERRNO", defaultErrnoRet=6)), 83)
        == ERRNO | 6
    )


@pytest.mark.parametrize(
    ("operator", "held", "broken"),
    [
        ("SCMP_CMP_EQ", (5,), (4, 6)),
        ("SCMP_CMP_NE", (4, 6), (5,)),
        ("SCMP_CMP_LT", (4,), (5, 6)),
        ("SCMP_CMP_LE", (4, 5), (6,)),
        ("SCMP_CMP_GT", (6, 2**40), (4, 5)),
        ("SCMP_CMP_GE", (5, 6), (4,)),
    ],
)
def test_an_operator_compares(operator: str, held: tuple[int, ...], broken: tuple[int, ...]) -> None:
    program = compiled(section(rule("mkdir", args=[{"index": 1, "value": 5, "op": operator}])))
    assert {judge(program, 83, 0, value) for value in held} == {ERRNO | 1}
    assert {judge(program, 83, 0, value) for value in broken} == {ALLOW}


def test_a_mask_is_compared_with_the_second_value() -> None:
    argument = {"index": 0, "value": 0xF0, "valueTwo": 0x20, "op": "SCMP_CMP_MASKED_EQ"}
    program = compiled(section(rule("mkdir", args=[argument])))
    assert [judge(program, 83, value) for value in (0x2F, 0x3F)] == [ERRNO | 1, ALLOW]


def test_conditions_on_several_arguments_must_all_hold_and_on_one_any() -> None:
    both = [{"index": index, "value": 1, "op": "SCMP_CMP_EQ"} for index in (0, 1)]
    program = compiled(section(rule("mkdir", args=both)))
    assert [judge(program, 83, *values) for values in ((1, 1), (1, 0))] == [ERRNO | 1, ALLOW]
    either = [{"index": 0, "value": value, "op": "SCMP_CMP_EQ"} for value in (1, 2)]
    program = compiled(section(rule("mkdir", args=either)))
    assert [judge(program, 83, value) for value in (1, 2, 3)] == [ERRNO | 1, ERRNO | 1, ALLOW]


def test_a_call_that_nobody_knows_is_passed_over() -> None:
    assert compiled(section(rule("mkdir", "no_such_call"))) == compiled(section(rule("mkdir")))


def test_a_call_of_32_bits_is_judged_where_its_architecture_is_named_and_kills_where_not() -> None:
    named = compiled(section(rule("mkdir"), architectures=["SCMP_ARCH_X86_64", "SCMP_ARCH_X86"]))
    assert judge(named, 39, arch=AUDIT_X86) == ERRNO | 1
    alone = compiled(section(rule("mkdir"), architectures=["SCMP_ARCH_X86_64"]))
    assert judge(alone, 39, arch=AUDIT_X86) == KILL_THREAD


def test_flags_have_the_defaults_of_runc() -> None:
    assert seccomp.compile(section(rule("mkdir"))).flags == 4
    assert seccomp.compile(section(rule("mkdir"), flags=[])).flags == 0
    assert (
        seccomp.compile(section(rule("mkdir"), flags=["SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG"])).flags
        == 2
    )


ALLOWED_TO_LEVEL = {
    "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
    "default": "SCMP_ACT_ERRNO",
}


def test_a_call_newer_than_the_policy_is_not_there() -> None:
    program = compiled(section(rule("openat2", action="SCMP_ACT_ALLOW"), **ALLOWED_TO_LEVEL))
    for arch, bit in ((AUDIT_X86_64, 0), (AUDIT_X86, 0), (AUDIT_X86_64, seccomp_names.X32_BIT)):
        assert judge(program, bit | 437, arch=arch) == ALLOW
        assert judge(program, bit | 438, arch=arch) == ERRNO | seccomp_stub.ENOSYS
        assert judge(program, bit | 100, arch=arch) == ERRNO | 1
    assert judge(program, 437, arch=AUDIT_AARCH64) == KILL_THREAD


def test_a_call_that_is_named_to_be_refused_is_known() -> None:
    program = compiled(
        section(
            rule("openat2", action="SCMP_ACT_ERRNO"), rule("read", action="SCMP_ACT_ALLOW"), default="SCMP_ACT_ERRNO"
        )
    )
    assert [judge(program, number) for number in (437, 438)] == [ERRNO | 1, ERRNO | seccomp_stub.ENOSYS]


@pytest.mark.parametrize("default", ["SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"])
def test_a_permissive_policy_lets_new_calls_reach_the_kernel(default: str) -> None:
    assert not seccomp_stub.is_needed(seccomp_rules.action(default))


def test_limits_of_many_architectures_do_not_mix() -> None:
    limits = {AUDIT_X86_64: 400, AUDIT_X86: 300, AUDIT_AARCH64: 200, X32: 0x4000_0000 | 350}
    program = seccomp_stub.stub(limits) + struct.pack("HBBI", 0x06, 0, 0, ALLOW)
    for arch, limit, bit in (
        (AUDIT_X86_64, 400, 0),
        (AUDIT_X86, 300, 0),
        (AUDIT_AARCH64, 200, 0),
        (AUDIT_X86_64, 350, 1 << 30),
    ):
        assert [judge(program, bit | limit + more, arch=arch) for more in (0, 1)] == [ALLOW, ERRNO | 38]
    assert judge(program, 5000, arch=1) == ALLOW


def test_no_limit_needs_no_instruction() -> None:
    assert seccomp_stub.stub({}) == seccomp_stub.stub({AUDIT_X86: 0}) == b""


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({}, "not a valid action"),
        ({"defaultAction": "SCMP_ACT_NONE"}, "not a valid action"),
        (section(default="SCMP_ACT_NOTIFY"), "default action"),
        (section(rule("mkdir", action="ALLOW")), "not a valid action"),
        (section(rule("mkdir", action=None)), "not a valid action"),
        (section(rule()), "names no call"),
        (section(rule("")), "empty string is not a valid syscall"),
        (section(rule("a\0b")), "not a valid syscall"),
        (section(rule("mkdir", action="SCMP_ACT_KILL", errnoRet=1)), "takes no errnoRet"),
        (section(rule("mkdir", errnoRet=-1)), "errnoRet"),
        (section(rule("mkdir", errnoRet=True)), "errnoRet"),
        (section(rule("mkdir", args=[{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}])), "index"),
        (section(rule("mkdir", args=[{"index": 0, "value": 2**64, "op": "SCMP_CMP_EQ"}])), "value"),
        (section(rule("mkdir", args=[{"index": 0, "value": 1, "op": "EQ"}])), "not a valid operator"),
        (section(rule("mkdir", args={})), "not a list"),
        (section(rule("mkdir", args=[7])), "not an object"),
        (section(rule("mkdir"), architectures=["x86"]), "not a valid arch"),
        (section(rule("mkdir"), architectures="SCMP_ARCH_X86"), "not a list"),
        (section(rule("mkdir"), flags=["SECCOMP_FILTER_FLAG_NONE"]), "is not known"),
        (section(rule("write", action="SCMP_ACT_NOTIFY"), listenerPath="/a"), "cannot be used for the write syscall"),
        (section(rule("mkdir", action="SCMP_ACT_NOTIFY")), "needs a listenerPath"),
        (section(rule("mkdir", action="SCMP_ACT_NOTIFY"), listenerPath="@a"), "needs a listenerPath"),
        (section(rule("mkdir"), listenerMetadata="x"), "without listenerPath"),
        (section(*[3]), "not an object"),
    ],
)
def test_a_wrong_policy_is_refused_in_words(wanted: dict[str, Any], words: str) -> None:
    with pytest.raises(errors.InvalidInput, match=words):
        seccomp.compile(wanted)


def test_a_program_without_room_in_the_kernel_is_refused() -> None:
    many = [{"index": 0, "value": value << 32 | value, "op": "SCMP_CMP_EQ"} for value in range(1, 3000)]
    with pytest.raises(errors.SetupFailed, match="too long"):
        seccomp.compile(section(rule("mkdir", args=many)))


def test_the_default_policy_keeps_32_bit_calls_from_the_closed_families() -> None:
    program = compiled(seccomp_profile.default((), "x86_64"))
    for arch, socket in ((AUDIT_X86_64, 41), (AUDIT_X86, 359), (AUDIT_X86_64, seccomp_names.X32_BIT | 41)):
        assert [judge(program, socket, family, arch=arch) for family in (1, 2, 16, 38, 40)] == [ALLOW] * 3 + [
            ERRNO | 1
        ] * 2
    socketcall = 102
    assert {judge(program, socketcall, kind, arch=AUDIT_X86) for kind in range(21)} == {ERRNO | 38}
    assert judge(program, 435) == judge(program, 435, arch=AUDIT_X86) == ERRNO | 38
    assert judge(program, 56, 0x1100) == ALLOW
    assert judge(program, 56, 0x1000_0000) == judge(program, 272) == ERRNO | 1


def test_a_program_comes_back_from_the_cache_and_nothing_else_does(tmp_path: Path) -> None:
    folder = str(tmp_path / "seccomp")
    seccomp_cache.write(folder, b"key", b"12345678")
    assert seccomp_cache.read(folder, b"key") == b"12345678"
    assert seccomp_cache.read(folder, b"yek") is None
    os.rename(seccomp_cache.path_of(folder, b"key"), seccomp_cache.path_of(folder, b"other"))
    assert seccomp_cache.read(folder, b"other") is None
    assert os.stat(folder).st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o622])
def test_a_cached_program_that_others_may_write_is_not_believed(mode: int, tmp_path: Path) -> None:
    folder = str(tmp_path)
    seccomp_cache.write(folder, b"key", b"12345678")
    os.chmod(seccomp_cache.path_of(folder, b"key"), mode)
    assert seccomp_cache.read(folder, b"key") is None


def test_a_cached_program_that_was_cut_or_is_a_link_is_not_believed(tmp_path: Path) -> None:
    folder = str(tmp_path)
    seccomp_cache.write(folder, b"key", b"12345678")
    path = seccomp_cache.path_of(folder, b"key")
    os.truncate(path, os.stat(path).st_size - 1)
    assert seccomp_cache.read(folder, b"key") is None
    seccomp_cache.write(folder, b"key", b"12345678")
    os.rename(path, tmp_path / "there")
    os.symlink(tmp_path / "there", path)
    assert seccomp_cache.read(folder, b"key") is None


def test_a_cache_does_not_grow_without_end(tmp_path: Path) -> None:
    for number in range(seccomp_cache.FILES_MAX + 5):
        seccomp_cache.write(str(tmp_path), b"%d" % number, b"12345678")
    assert len(os.listdir(tmp_path)) == 5
    assert seccomp_cache.read(str(tmp_path), b"%d" % seccomp_cache.FILES_MAX) == b"12345678"


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert seccomp.compile(section(rule("rmdir")), cache=str(tmp_path / "file")).program
