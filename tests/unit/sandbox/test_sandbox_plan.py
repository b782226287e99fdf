"""The plan of a root, as data."""

from typing import Any

import pytest

from engine.errors import InvalidInput
from engine.kernel import const
from engine.kernel.proc import Hierarchy
from engine.model import Bind as Volume
from engine.model import CreateOptions
from engine.sandbox import cgroup_mounts, confinement, nodes, rootfs, spec, sysctl
from engine.sandbox import operations as op
from engine.sandbox.binds import Bind
from engine.sandbox.mappings import Mapping
from engine.sandbox.roots import Isolate, MappedOverlay, Overlay
from engine.sandbox.sources import Idmap, Source
from engine.sandbox.terminal import Console

DIRECTORY = {"kind": "directory", "path": "/srv/root"}
OVERLAY = {"kind": "overlay", "lower": ["/l/2", "/l/1"], "upper": "/u", "work": "/w", "options": ["volatile"]}


def plan_of(root: dict[str, Any] = DIRECTORY, **options: Any) -> list[op.Operation]:
    wanted = CreateOptions(image="x", command=("true",), **options)
    built = spec.build("id", wanted, {}, hostname="box", files={}, cgroups_path="/x")
    return whole(rootfs.plan(built, root, "/run/rootfs"))


def whole(plan: rootfs.Plan) -> list[op.Operation]:
    return [*plan.steps, *plan.last]


def oci(mounts: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    """The least that a plan is made of."""
    linux = {"namespaces": [{"type": name} for name in ("pid", "mount", "uts", "ipc", "network")], **more}
    return {"process": {"cwd": "/"}, "root": {"path": "rootfs"}, "mounts": mounts, "linux": linux}


def binds(plan: list[op.Operation]) -> list[Bind]:
    return [step for step in plan if isinstance(step, Bind)]


def kinds(plan: list[op.Operation]) -> list[str]:
    return [type(step).__name__ for step in plan]


def test_the_host_is_cut_off_before_anything_is_mounted_and_left_at_the_end() -> None:
    names = kinds(plan_of())
    assert names[:2] == ["Isolate", "Directory"]
    assert names[-1] == "Pivot"


def test_the_layers_are_mounted_top_first() -> None:
    assert plan_of(OVERLAY)[1] == Overlay("/run/rootfs", ("/l/2", "/l/1"), "/u", "/w", ("volatile",))


def test_parameters_are_set_before_they_become_read_only() -> None:
    plan = plan_of()
    sysctls = [place for place, step in enumerate(plan) if isinstance(step, sysctl.Sysctl)]
    assert sysctls
    assert max(sysctls) < plan.index(confinement.ReadOnly("/proc/sys"))


def test_the_working_directory_is_made_while_the_root_can_be_written_to() -> None:
    plan = plan_of(workdir="/a/b", read_only=True)
    assert plan.index(op.MakeDirectory("/a/b")) < plan.index(confinement.Freeze("/"))


def test_everything_is_in_place_before_the_root_becomes_read_only() -> None:
    assert kinds(plan_of(read_only=True))[-2:] == ["Freeze", "Pivot"]


def test_masks_come_after_every_mount() -> None:
    plan = plan_of(binds=(Volume(source="/srv", target="/data"),))
    mounts = [place for place, step in enumerate(plan) if isinstance(step, op.FileSystem | Bind)]
    masks = [place for place, step in enumerate(plan) if isinstance(step, confinement.Mask)]
    assert max(mounts) < min(masks)


def test_only_the_engine_makes_a_missing_source() -> None:
    volumes = (Volume(source="/srv", target="/data"),)
    [made] = binds(plan_of(DIRECTORY | {"make_sources": True}, binds=volumes))
    [left] = binds(plan_of(binds=volumes))
    assert (made.source.make, left.source.make) == (True, False)


def test_only_the_engine_chooses_a_path_in_a_source_and_by_the_place_where_it_is_seen() -> None:
    volumes = (Volume(source="/srv", target="/data/"), Volume(source="/srv", target="/other"))
    [first, second] = binds(plan_of(DIRECTORY | {"beneath": {"/data": "logs"}}, binds=volumes))
    assert (first.source.path, first.source.beneath, second.source.beneath) == ("/srv", "logs", "")


def test_a_file_of_the_engine_that_is_missing_is_not_made_a_directory() -> None:
    wanted = CreateOptions(image="x", command=("true",))
    built = spec.build("id", wanted, {}, hostname="box", files={"hosts": "/host/hosts"}, cgroups_path="/x")
    [bind] = binds(whole(rootfs.plan(built, DIRECTORY | {"make_sources": True}, "/run/rootfs")))
    assert (bind.source, bind.target) == (Source("/host/hosts"), "/etc/hosts")


def test_a_read_only_volume_is_read_only_with_all_below() -> None:
    [bind] = binds(plan_of(binds=(Volume(source="/s", target="/t", read_only=True),)))
    assert bind.parsed.flags & const.MS_RDONLY
    assert (bind.parsed.set_below, bind.source.recursive) == (const.MOUNT_ATTR_RDONLY, True)


def test_later_mounts_of_the_host_are_received_only_where_a_bind_asks_for_it() -> None:
    assert plan_of()[0] == Isolate()
    assert plan_of(binds=(Volume(source="/s", target="/t", propagation="rslave"),))[0] == Isolate(
        const.MS_SLAVE | const.MS_REC
    )


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
    assert len([step for step in plan if isinstance(step, nodes.Device)]) >= len(nodes.DEFAULTS)


def test_a_dev_of_the_host_is_taken_as_it_is() -> None:
    plan = plan_of(binds=(Volume(source="/dev", target="/dev"),))
    assert not {"Device", "Symlink"} & set(kinds(plan))


def test_a_user_namespace_takes_layers_volumes_and_devices_from_its_parent() -> None:
    mount = {"destination": "/data", "source": "/srv", "options": ["rbind", "idmap"]}
    plan = rootfs.plan(oci([mount]), OVERLAY | {"idmap": True}, "/run/rootfs", isolated=True)
    own = Idmap()
    assert plan.sources[:4] == [
        Source("/", idmap=own),
        Source("/l/2", idmap=own),
        Source("/l/1", idmap=own),
        Source("/srv", recursive=True, idmap=own),
    ]
    assert Source("/dev/null", optional=True) in plan.sources
    assert isinstance(plan.steps[1], MappedOverlay)


def test_a_mount_with_mappings_of_its_own_needs_no_user_namespace() -> None:
    ids = [{"containerID": 0, "hostID": 1000, "size": 5}]
    mount = {"destination": "/d", "source": "/s", "options": ["bind"], "uidMappings": ids, "gidMappings": ids}
    [bind] = binds(whole(rootfs.plan(oci([mount]), DIRECTORY, "/r")))
    assert bind.source.idmap == Idmap((Mapping(0, 1000, 5),), (Mapping(0, 1000, 5),))


@pytest.mark.parametrize(
    "mount",
    [
        {"destination": "/d", "source": "/s", "options": ["bind", "idmap"]},
        {"destination": "/d", "source": "/s", "options": ["bind"], "uidMappings": [{"hostID": 1, "size": 1}]},
        {"destination": "/d", "type": "tmpfs", "options": ["idmap"]},
        {"destination": "/d", "source": "/s", "options": ["bind", "size=1m"]},
        {"destination": "/d", "options": ["bind"]},
        {"destination": "", "type": "tmpfs"},
        {"destination": "/d", "type": "tmpfs", "options": [1]},
        {"destination": "/d\0", "type": "tmpfs"},
    ],
)
def test_a_mount_that_cannot_be_made_as_it_is_asked_for_is_refused(mount: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        rootfs.plan(oci([mount]), DIRECTORY, "/r")


def test_relative_paths_begin_at_the_root_and_at_the_bundle() -> None:
    mount = {"destination": "data", "source": "src", "options": ["bind"]}
    [bind] = binds(whole(rootfs.plan(oci([mount]), DIRECTORY | {"bundle": "/b"}, "/r")))
    assert (bind.source.path, bind.target) == ("/b/src", "/data")


def test_paths_that_begin_with_the_roots_own_are_the_containers() -> None:
    mount = {"destination": "/srv/root/final", "source": "/srv/root/mnt", "options": ["rbind"]}
    plan = rootfs.plan(oci([mount]), DIRECTORY, "/r", isolated=True)
    [bind] = binds(whole(plan))
    assert (bind.source.path, bind.source.inside, bind.target) == ("/mnt", True, "/final")
    assert bind.source not in plan.sources


def test_what_things_are_made_in_becomes_read_only_at_the_end() -> None:
    mounts = [
        {"destination": "/dev", "type": "tmpfs", "options": ["ro"]},
        {"destination": "/x", "type": "tmpfs", "options": ["ro", "size=1m"]},
        {"destination": "/sys", "type": "sysfs", "options": ["ro"]},
    ]
    plan = rootfs.plan(oci(mounts), DIRECTORY, "/r")
    assert [step.flags for step in plan.steps if isinstance(step, op.FileSystem)] == [0, 0, const.MS_RDONLY]
    assert [step.path for step in plan.last if isinstance(step, confinement.Freeze)] == ["/dev", "/x"]


def test_a_device_of_the_spec_takes_the_place_of_a_default_one() -> None:
    devices = [{"path": "/dev/null", "type": "c", "major": 1, "minor": 3, "fileMode": 0o600, "uid": 5}]
    made = [
        step for step in whole(rootfs.plan(oci([], devices=devices), DIRECTORY, "/r")) if type(step) is nodes.Device
    ]
    assert [device.path for device in made].count("/dev/null") == 1
    assert (made[0].mode, made[0].uid, made[0].strict) == (0o600, 5, True)


@pytest.mark.parametrize(
    "device",
    [{"path": "/dev/x", "type": "z"}, {"type": "c"}, {"path": "/dev/x", "type": "c", "major": -1}, {"path": "/x"}],
)
def test_a_device_that_is_none_is_refused(device: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        rootfs.plan(oci([], devices=[device]), DIRECTORY, "/r")


def test_the_propagation_of_the_root_is_set_after_the_root_has_changed() -> None:
    names = kinds(whole(rootfs.plan(oci([], rootfsPropagation="shared"), DIRECTORY, "/r")))
    assert names[:3] == ["Isolate", "Part", "Directory"]
    assert names[-2:] == ["Pivot", "Propagate"]
    assert kinds(whole(rootfs.plan(oci([], rootfsPropagation="private"), DIRECTORY, "/r")))[-1] == "Pivot"
    with pytest.raises(InvalidInput, match="rootfsPropagation=both is not supported"):
        rootfs.plan(oci([], rootfsPropagation="both"), DIRECTORY, "/r")


def test_a_host_name_needs_a_namespace_of_its_own() -> None:
    wanted = oci([]) | {"hostname": "box"}
    wanted["linux"]["namespaces"] = [{"type": "mount"}]
    with pytest.raises(InvalidInput, match="unable to set hostname without a private UTS namespace"):
        rootfs.plan(wanted, DIRECTORY, "/r")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("kernel.shmmax", None),
        ("fs.mqueue.msg_max", None),
        ("net.ipv4.ip_forward", None),
        ("net/ipv4/conf/eth0.5/rp_filter", None),
        ("kernel.domainname", None),
        ("kernel.hostname", "conflicts with the OCI"),
        ("kernel.pid_max", "not in a separate kernel namespace"),
        ("vm.drop_caches", "not in a separate kernel namespace"),
        ("net..x", "is no kernel parameter"),
        ("net.ipv4.//./x", "is no kernel parameter"),
    ],
)
def test_only_parameters_of_the_containers_own_namespaces_are_set(name: str, words: str | None) -> None:
    wanted = oci([], sysctl={name: "1"})
    if words is None:
        assert any(isinstance(step, sysctl.Sysctl) for step in rootfs.plan(wanted, DIRECTORY, "/r").last)
    else:
        with pytest.raises(InvalidInput, match=words):
            rootfs.plan(wanted, DIRECTORY, "/r")


def test_a_slash_in_a_parameter_is_a_dot_within_a_component() -> None:
    assert sysctl.dotted("net/ipv4/conf/eno2.100/rp_filter") == "net.ipv4.conf.eno2/100.rp_filter"
    assert sysctl.Sysctl("net.ipv4.conf.eno2/100.rp_filter", "1").path == "/proc/sys/net/ipv4/conf/eno2.100/rp_filter"


@pytest.mark.parametrize(("name", "where"), [("kernel.sem", "hosts ipc"), ("net.core.x", "host network")])
def test_parameters_of_the_hosts_namespaces_stay_as_they_are(name: str, where: str) -> None:
    wanted = oci([], sysctl={name: "1"})
    wanted["linux"]["namespaces"] = [{"type": "mount"}]
    with pytest.raises(InvalidInput, match=where):
        rootfs.plan(wanted, DIRECTORY, "/r")


@pytest.mark.parametrize("step", plan_of(OVERLAY, tty=True, read_only=True))
def test_every_step_says_what_it_does(step: op.Operation) -> None:
    words = step.describe()
    assert words
    assert words[0].islower()
    assert not words.endswith(".")
