"""The plan of a root, as data."""

from typing import Any

import pytest

from engine.kernel import const
from engine.kernel.proc import Hierarchy
from engine.model import Bind, CreateOptions
from engine.sandbox import cgroup_mounts, confinement, rootfs, spec
from engine.sandbox import operations as op
from engine.sandbox.terminal import Console

DIRECTORY = {"kind": "directory", "path": "/srv/root"}
OVERLAY = {"kind": "overlay", "lower": ["/l/2", "/l/1"], "upper": "/u", "work": "/w", "options": ["volatile"]}


def plan_of(root: dict[str, Any] = DIRECTORY, **options: Any) -> list[op.Operation]:
    wanted = CreateOptions(image="x", command=("true",), **options)
    built = spec.build("id", wanted, {}, hostname="box", files={}, cgroups_path="/x")
    return rootfs.plan(built, root, "/run/rootfs")


def kinds(plan: list[op.Operation]) -> list[str]:
    return [type(step).__name__ for step in plan]


def test_the_host_is_cut_off_before_anything_is_mounted_and_left_at_the_end() -> None:
    names = kinds(plan_of())
    assert names[:2] == ["Isolate", "Directory"]
    assert names[-1] == "Pivot"


def test_the_layers_are_mounted_top_first() -> None:
    assert plan_of(OVERLAY)[1] == op.Overlay("/run/rootfs", ("/l/2", "/l/1"), "/u", "/w", ("volatile",))


def test_parameters_are_set_before_they_become_read_only() -> None:
    plan = plan_of()
    sysctls = [place for place, step in enumerate(plan) if isinstance(step, confinement.Sysctl)]
    assert sysctls
    assert max(sysctls) < plan.index(confinement.ReadOnly("/proc/sys"))


def test_the_working_directory_is_made_while_the_root_can_be_written_to() -> None:
    plan = plan_of(workdir="/a/b", read_only=True)
    assert plan.index(op.MakeDirectory("/a/b")) < plan.index(confinement.Freeze("/"))


def test_everything_is_in_place_before_the_root_becomes_read_only() -> None:
    assert kinds(plan_of(read_only=True))[-2:] == ["Freeze", "Pivot"]


def test_masks_come_after_every_mount() -> None:
    plan = plan_of(binds=(Bind(source="/srv", target="/data"),))
    mounts = [place for place, step in enumerate(plan) if isinstance(step, op.FileSystem | op.Bind)]
    masks = [place for place, step in enumerate(plan) if isinstance(step, confinement.Mask)]
    assert max(mounts) < min(masks)


def test_a_missing_source_is_made_before_it_is_bound() -> None:
    plan = plan_of(binds=(Bind(source="/srv", target="/data"),))
    assert plan[plan.index(op.Bind("/srv", "/data")) - 1] == op.MakeHostDirectory("/srv")


def test_a_file_of_the_engine_that_is_missing_is_not_made_a_directory() -> None:
    wanted = CreateOptions(image="x", command=("true",))
    built = spec.build("id", wanted, {}, hostname="box", files={"hosts": "/host/hosts"}, cgroups_path="/x")
    plan = rootfs.plan(built, DIRECTORY, "/run/rootfs")
    assert op.Bind("/host/hosts", "/etc/hosts", recursive=False) in plan
    assert op.MakeHostDirectory("/host/hosts") not in plan


def test_a_read_only_bind_keeps_what_the_source_is_and_adds_to_it() -> None:
    [bind] = [
        step for step in plan_of(binds=(Bind(source="/s", target="/t", read_only=True),)) if type(step) is op.Bind
    ]
    assert (bind.attributes, bind.recursive) == (const.MOUNT_ATTR_RDONLY, True)


def test_later_mounts_of_the_host_are_received_only_where_a_bind_asks_for_it() -> None:
    assert plan_of()[0] == op.Isolate(receive=False)
    assert plan_of(binds=(Bind(source="/s", target="/t", propagation="rslave"),))[0] == op.Isolate(receive=True)


def test_kernel_file_systems_must_lie_where_they_seem_to_lie() -> None:
    links = {step.target: step.links for step in plan_of() if isinstance(step, op.FileSystem)}
    assert (links["/proc"], links["/sys"], links["/dev/shm"]) == (False, False, True)


def test_a_terminal_is_opened_only_where_one_is_wanted() -> None:
    assert Console() in plan_of(tty=True)
    assert not any(isinstance(step, Console) for step in plan_of())


def test_a_container_without_cgroups_sees_none() -> None:
    assert cgroup_mounts.steps("/c", const.MS_RDONLY, ()) == []


def test_cgroup_v2_is_one_mount() -> None:
    [step] = cgroup_mounts.steps("/c", const.MS_RDONLY, (Hierarchy((), "/q/x"),))
    assert step == op.FileSystem("cgroup2", "cgroup", "/c", const.MS_RDONLY)


def test_cgroup_v1_is_a_folder_of_mounts_with_a_link_for_each_shared_controller() -> None:
    hierarchies = (Hierarchy(("cpu", "cpuacct"), "/q"), Hierarchy(("name=systemd",), "/q"), Hierarchy((), "/q"))
    steps = cgroup_mounts.steps("/c", const.MS_RDONLY, hierarchies)
    assert [step.describe() for step in steps] == [
        "mount tmpfs on /c",
        "mount cgroup on /c/cpu,cpuacct",
        "link /c/cpu to cpu,cpuacct",
        "link /c/cpuacct to cpu,cpuacct",
        "mount cgroup on /c/systemd",
        "make the mount on /c read-only",
    ]
    assert [step.options for step in steps if isinstance(step, op.FileSystem)][1:] == [
        "cpu,cpuacct",
        "none,name=systemd",
    ]


def test_cgroups_that_can_be_written_to_are_not_made_read_only() -> None:
    steps = cgroup_mounts.steps("/c", 0, (Hierarchy(("pids",), "/q"),))
    assert not any(isinstance(step, confinement.Freeze) for step in steps)


def test_privileged_has_no_masks_and_the_devices_of_the_host() -> None:
    plan = plan_of(privileged=True)
    assert not {"Mask", "ReadOnly"} & set(kinds(plan))
    assert len([step for step in plan if isinstance(step, op.Device)]) >= len(rootfs.DEVICES)


def test_a_dev_of_the_host_is_taken_as_it_is() -> None:
    plan = plan_of(binds=(Bind(source="/dev", target="/dev"),))
    assert not {"Device", "Symlink"} & set(kinds(plan))


@pytest.mark.parametrize("step", plan_of(OVERLAY, tty=True, read_only=True))
def test_every_step_says_what_it_does(step: op.Operation) -> None:
    words = step.describe()
    assert words
    assert words[0].islower()
    assert not words.endswith(".")
