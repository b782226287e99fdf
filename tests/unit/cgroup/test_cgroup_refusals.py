"""The kernel's refusals in words."""

import errno
import os

import pytest

from engine import errors
from engine.cgroup import refusals
from engine.cgroup.protocol import Setting

MEMORY = Setting("memory", "memory.limit_in_bytes", "4096", "memory limit")


@pytest.mark.parametrize(
    ("setting", "code", "kind"),
    [
        (MEMORY, errno.EBUSY, errors.Conflict),
        (MEMORY, errno.EINVAL, errors.InvalidInput),
        (Setting("cpuset", "cpuset.cpus", "9", "list of CPUs"), errno.EACCES, errors.InvalidInput),
        (Setting("io", "io.max", "0:99 rbps=1", "device read rate"), errno.ENODEV, errors.InvalidInput),
        (Setting("pids", "pids.max", "5", "limit of processes"), errno.EIO, errors.SetupFailed),
    ],
)
def test_each_refusal_has_its_kind_and_words(setting: Setting, code: int, kind: type[errors.EngineError]) -> None:
    error = refusals.of_setting(setting, OSError(code, os.strerror(code)))
    assert type(error) is kind
    assert setting.what in error.message
    assert error.errno == code


@pytest.mark.parametrize(
    ("file", "word"),
    [("memory.max", "--memory-swap"), ("cpuset.cpus", "lscpu"), ("io.max", "lsblk"), ("cpu.max", "outer")],
)
def test_a_refused_value_comes_with_a_hint_for_its_file(file: str, word: str) -> None:
    error = refusals.of_setting(Setting("x", file, "1", "limit"), OSError(errno.EINVAL, "Invalid argument"))
    assert word in error.hint
