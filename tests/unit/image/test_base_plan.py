"""What of a host goes into the base image, tried on hosts of our own making."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from support.elf_files import elf_file

from engine.image.builtin import base, host, python, skeleton
from engine.image.builtin.libraries import Libraries
from engine.image.builtin.plan import Plan, merged


@pytest.fixture
def plan() -> Plan:
    plan = Plan()
    skeleton.lay(plan)
    return plan


def _program(path: Path, data: bytes | None = None, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(elf_file() if data is None else data)
    path.chmod(mode)
    return path


def _inside(path: Path) -> str:
    return str(path)[1:]


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/bin/sh", "usr/bin/sh"),
        ("/usr/bin/sh", "usr/bin/sh"),
        ("/lib64/ld.so", "usr/lib64/ld.so"),
        ("/lib/../bin/x", "usr/bin/x"),
        ("/library/x", "library/x"),
        ("/bin", "bin"),
        ("/opt/x", "opt/x"),
    ],
)
def test_paths_of_any_host_become_those_of_a_merged_one(path: str, place: str) -> None:
    assert merged(path) == place


def test_programs_of_the_host_are_planned_and_others_are_not(plan: Plan, tmp_path: Path) -> None:
    _program(tmp_path / "sh")
    _program(tmp_path / "sudo")
    assert host.add_programs(plan, Libraries([]), (str(tmp_path),)) == [f"{tmp_path}/sh"]
    assert _inside(tmp_path / "sh") in plan.entries
    assert _inside(tmp_path / "sudo") not in plan.entries


def test_an_alternative_is_a_link_to_the_program_itself(plan: Plan, tmp_path: Path) -> None:
    _program(tmp_path / "bin/mawk")
    (tmp_path / "alternatives").mkdir()
    (tmp_path / "alternatives/awk").symlink_to(tmp_path / "bin/mawk")
    (tmp_path / "bin/awk").symlink_to(tmp_path / "alternatives/awk")
    host.add_programs(plan, Libraries([]), (f"{tmp_path}/bin",))
    assert plan.entries[_inside(tmp_path / "bin/awk")].target == "mawk"
    assert plan.entries[_inside(tmp_path / "bin/mawk")].source == f"{tmp_path}/bin/mawk"
    assert _inside(tmp_path / "alternatives/awk") not in plan.entries


def test_a_program_loses_the_right_to_change_its_user(plan: Plan, tmp_path: Path) -> None:
    _program(tmp_path / "ping", mode=0o6755)
    host.add_programs(plan, Libraries([]), (str(tmp_path),))
    assert stat.S_IMODE(plan.entries[_inside(tmp_path / "ping")].mode) == 0o755


def test_scripts_come_along_only_where_a_shell_runs_them(plan: Plan, tmp_path: Path) -> None:
    _program(tmp_path / "zcat", b"#!/bin/sh\n")
    _program(tmp_path / "which", b"#! /usr/bin/env python3\n")
    assert host.add_programs(plan, Libraries([]), (str(tmp_path),)) == [f"{tmp_path}/zcat"]


def test_busybox_stands_in_for_what_the_host_lacks(plan: Plan, tmp_path: Path) -> None:
    _program(tmp_path / "sh")
    _program(tmp_path / "busybox", b"#!/bin/sh\nprintf 'sh\\nvi\\nmount\\n'\n")
    host.add_programs(plan, Libraries([]), (str(tmp_path),))
    assert plan.entries["usr/bin/vi"].target == f"/{_inside(tmp_path / 'busybox')}"
    assert "usr/bin/mount" not in plan.entries


def test_a_busybox_that_fails_to_list_itself_stands_in_for_nothing(plan: Plan, tmp_path: Path) -> None:
    _program(tmp_path / "busybox", b"#!/bin/sh\nexit 1\n")
    host.add_programs(plan, Libraries([]), (str(tmp_path),))
    assert "usr/bin/vi" not in plan.entries


def test_programs_that_are_links_to_busybox_stay_so(plan: Plan, tmp_path: Path) -> None:
    _program(tmp_path / "busybox")
    for name in ("sh", "ls"):
        (tmp_path / name).symlink_to(tmp_path / "busybox")
    host.add_programs(plan, Libraries([]), (str(tmp_path),))
    assert plan.entries[_inside(tmp_path / "sh")].target == "busybox"
    assert plan.entries[_inside(tmp_path / "ls")].target == "busybox"


def test_libraries_outside_the_systems_folders_are_moved_into_one(plan: Plan, tmp_path: Path) -> None:
    _program(tmp_path / "lib/libc.so.6")
    _program(tmp_path / "local/libx.so")
    program = _program(tmp_path / "p", elf_file(needed=("libc.so.6", "libx.so"), runpath=f"{tmp_path}/local"))
    host.add_libraries(plan, Libraries([f"{tmp_path}/lib"]), [str(program)])
    assert plan.entries[_inside(tmp_path / "lib/libx.so")].source == f"{tmp_path}/local/libx.so"


def test_nothing_of_the_host_takes_the_place_of_our_own_files(plan: Plan, tmp_path: Path) -> None:
    own = plan.entries["etc/passwd"]
    plan.copy(str(_program(tmp_path / "passwd")), "/etc/passwd")
    assert plan.entries["etc/passwd"] == own


def test_the_skeleton_names_root_and_has_no_password(plan: Plan) -> None:
    assert plan.entries["etc/passwd"].data.startswith(b"root:x:0:0:")
    assert b"root:*:" in plan.entries["etc/shadow"].data
    assert stat.S_IMODE(plan.entries["tmp"].mode) == 0o1777
    assert plan.entries["bin"].target == "usr/bin"


def test_our_own_files_are_as_old_as_the_hosts_newest(plan: Plan, tmp_path: Path) -> None:
    for name, time in (("a", 1000), ("b", 3000), ("c", 2000)):
        os.utime(_program(tmp_path / name), (time, time))
        plan.copy(f"{tmp_path}/{name}")
    assert plan.set_own_times() == 3000
    assert plan.entries["etc/passwd"].mtime == 3000
    assert plan.entries[_inside(tmp_path / "a")].mtime == 1000


def _python(prefix: Path) -> Path:
    program = _program(prefix / "bin/python3.11")
    (prefix / "bin/python3").symlink_to("python3.11")
    library = prefix / "lib/python3.11"
    for name in ("os.py", "json/__init__.py", "test/test_os.py", "site-packages/x.py", "config-3.11-x/Makefile"):
        _program(library / name, b"", 0o644)
    for name in ("os.cpython-311.pyc", "os.cpython-311.opt-1.pyc", "gone.cpython-311.pyc"):
        _program(library / "__pycache__" / name, b"", 0o644)
    (library / "sitecustomize.py").symlink_to("/etc/hostname")
    return program


def test_python_comes_with_its_library_and_without_what_was_added(plan: Plan, tmp_path: Path) -> None:
    _python(tmp_path)
    interpreter = python.find((f"{tmp_path}/bin/python3",))
    assert interpreter is not None
    python.add(plan, interpreter)
    planned = sorted(path for path in plan.entries if path.startswith("usr/local/lib/python3.11/"))
    assert [path.removeprefix("usr/local/lib/python3.11/") for path in planned] == [
        "__pycache__",
        "__pycache__/os.cpython-311.pyc",
        "json",
        "json/__init__.py",
        "os.py",
    ]
    assert plan.entries["usr/local/bin/python3"].target == "python3.11"


def test_a_virtual_environment_is_not_taken_for_a_python(tmp_path: Path) -> None:
    _python(tmp_path / "real")
    venv = tmp_path / "venv/bin"
    venv.mkdir(parents=True)
    (venv / "python3").symlink_to(tmp_path / "real/bin/python3.11")
    found = python.find((str(venv / "python3"),))
    assert found is not None
    assert found.program == f"{tmp_path}/real/bin/python3.11"
    _program(tmp_path / "copied/bin/python3.11")
    found = python.find((f"{tmp_path}/copied/bin/python3.11",))
    assert found is None or found.prefix != f"{tmp_path}/copied"


def test_the_architecture_is_that_of_the_shell() -> None:
    plan, architecture = base.make_plan()
    machine = subprocess.run(["uname", "-m"], capture_output=True, text=True, check=True).stdout.strip()
    known = {"x86_64": "amd64", "aarch64": "arm64"}
    if machine not in known:
        pytest.skip(f"needs a machine whose architecture the test knows, not {machine}")
    assert architecture == known[machine]
    assert "usr/bin/sh" in plan.entries


def test_the_plan_of_this_host_holds_no_secrets_and_nothing_of_its_own_etc() -> None:
    plan, _ = base.make_plan()
    sources = [entry.source for entry in plan.entries.values() if entry.source]
    assert not [source for source in sources if source.startswith(("/etc/", "/root/.ssh", "/home/", "/var/"))]
    assert not [source for source in sources if source.endswith((".pem", ".key", ".crt"))]


def test_two_plans_of_this_host_are_the_same() -> None:
    assert base.make_plan()[0].entries == base.make_plan()[0].entries
