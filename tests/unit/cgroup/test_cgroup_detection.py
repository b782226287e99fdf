"""Mount tables of real hosts, and what is found in them."""

import os
from pathlib import Path

import pytest

from engine.cgroup import advice, detect
from engine.cgroup.manager import Cgroups
from engine.cgroup.protocol import Mount


def _table(root: Path, *mounts: tuple[str, str, str, str]) -> str:
    """Lines for (mount point below root, mount options, type, options of the file system)."""
    device = root.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    lines = []
    for path, options, kind, super_options in mounts:
        (root / path).mkdir(parents=True, exist_ok=True)
        place = str(root / path).replace(" ", "\\040")
        lines.append(f"31 23 {number} / {place} {options},relatime shared:9 - {kind} {kind} {super_options}")
    return "\n".join(lines) + "\n"


def test_a_hybrid_host_has_its_controllers_on_v1_and_the_tree_besides(tmp_path: Path) -> None:
    table = _table(
        tmp_path,
        ("cpu,cpuacct", "rw", "cgroup", "rw,cpu,cpuacct"),
        ("memory", "rw", "cgroup", "rw,memory"),
        ("systemd", "rw", "cgroup", "rw,xattr,name=systemd"),
        ("unified", "rw", "cgroup2", "rw"),
    )
    cgroups = Cgroups.detect(table)
    assert cgroups.kind == "hybrid"
    assert cgroups.controllers == {"cpu": "v1", "cpuacct": "v1", "memory": "v1", "freezer": "v2"}
    assert not any("systemd" in path for path in cgroups.paths("x").values())


def test_controllers_of_the_tree_are_those_that_it_lists(tmp_path: Path) -> None:
    table = _table(tmp_path, ("c", "rw", "cgroup2", "rw,nsdelegate,memory_recursiveprot"))
    (tmp_path / "c/cgroup.controllers").write_text("cpuset cpu io memory hugetlb pids rdma misc\n")
    cgroups = Cgroups.detect(table)
    assert cgroups.kind == "v2"
    assert set(cgroups.controllers) == {"cpuset", "cpu", "io", "memory", "pids", "freezer"}
    assert cgroups.warnings == ()


def test_a_read_only_mount_is_not_used_and_named(tmp_path: Path) -> None:
    table = _table(
        tmp_path,
        ("memory", "ro,nosuid", "cgroup", "rw,memory"),
        ("pids", "rw", "cgroup", "rw,pids"),
        ("unified", "rw", "cgroup2", "ro"),
    )
    cgroups = Cgroups.detect(table)
    assert (cgroups.kind, set(cgroups.controllers)) == ("v1", {"pids"})
    assert f"{tmp_path}/memory, {tmp_path}/unified" in cgroups.warnings[0]
    assert "--privileged" in cgroups.warnings[0]


def test_everything_read_only_is_none_at_all(tmp_path: Path) -> None:
    cgroups = Cgroups.detect(_table(tmp_path, ("c", "ro", "cgroup2", "rw")))
    assert (cgroups.kind, cgroups.controllers) == ("none", {})
    assert len(cgroups.warnings) == 6


def test_a_second_mount_of_a_hierarchy_is_used_where_the_first_is_read_only(tmp_path: Path) -> None:
    table = _table(tmp_path, ("a", "ro", "cgroup", "rw,memory"), ("b", "rw", "cgroup", "rw,memory"))
    assert [mount.path for mount in detect.found(table).hierarchies] == [f"{tmp_path}/b"]


def test_a_mount_that_another_one_hides_is_not_seen(tmp_path: Path) -> None:
    table = _table(tmp_path, ("c", "rw", "cgroup", "rw,memory"), ("c", "rw", "tmpfs", "rw"))
    assert detect.mounts(table) == []


def test_a_mount_below_one_that_came_later_is_not_seen(tmp_path: Path) -> None:
    (tmp_path / "memory").mkdir()
    assert detect.mounts(f"31 23 0:12345 / {tmp_path}/memory rw - cgroup cgroup rw,memory\n") == []


def test_a_blank_in_a_path_is_understood(tmp_path: Path) -> None:
    table = _table(tmp_path, ("c g", "rw", "cgroup", "rw,memory"))
    assert [mount.path for mount in detect.mounts(table)] == [f"{tmp_path}/c g"]


@pytest.mark.parametrize("line", ["", "garbage", "1 2 3 - cgroup", "31 23 0:1 / /x rw -", " - cgroup2 x rw"])
def test_a_line_that_is_none_is_passed_over(line: str) -> None:
    assert detect.mounts(f"{line}\n") == []


def test_the_real_root_of_the_tree_may_hand_out_controllers_with_processes_in_it(tmp_path: Path) -> None:
    (tmp_path / "cgroup.procs").write_text("1\n2\n")
    assert not detect.is_crowded(str(tmp_path))
    (tmp_path / "cgroup.type").write_text("domain\n")
    assert detect.is_crowded(str(tmp_path))
    (tmp_path / "cgroup.procs").write_text("")
    assert not detect.is_crowded(str(tmp_path))


def test_swap_that_is_not_counted_is_said_with_the_way_to_it(tmp_path: Path) -> None:
    mount = Mount(str(tmp_path), 1, ("memory", "cpu", "cpuset", "pids", "blkio"), True, "0:1")
    found = detect.Found((mount,), (mount,), None)
    assert advice.warnings(found) == ("swap is not counted, so --memory-swap is ignored: boot with swapaccount=1",)
    (tmp_path / "memory.memsw.limit_in_bytes").write_text("0\n")
    assert advice.warnings(found) == ()
