"""What a container sees, and what the host sees of it."""

import os
import subprocess
from pathlib import Path

import pytest
from support.box import Box

from engine.sandbox import messages
from engine.sandbox.messages import Kind

pytestmark = [pytest.mark.root, pytest.mark.requires("namespaces")]


def test_pid_1_is_the_program_itself(box: Box) -> None:
    assert box.run("echo $$; cat /proc/1/comm").out.split() == ["1", "sh"]


def test_a_container_sees_only_its_own_processes(box: Box) -> None:
    names = box.run("sleep 100 & ls /proc").out.split()
    assert sorted(name for name in names if name.isdigit()) == ["1", "2", "3"]


def test_the_host_name_is_its_own(box: Box) -> None:
    assert box.run("cat /proc/sys/kernel/hostname").out == "box\n"
    assert os.uname().nodename != "box"


def test_the_network_holds_nothing_but_loopback(box: Box) -> None:
    links = box.run("cat /proc/net/dev").out.splitlines()[2:]
    assert [line.split(":")[0].strip() for line in links] == ["lo"]


@pytest.mark.requires("ipcmk", "ipcrm")
def test_a_message_queue_of_the_host_is_not_seen_inside(box: Box) -> None:
    made = subprocess.run(["ipcmk", "-Q"], capture_output=True, text=True, check=True).stdout.split()[-1]
    try:
        assert len(Path("/proc/sysvipc/msg").read_text().splitlines()) >= 2
        assert len(box.run("cat /proc/sysvipc/msg").out.splitlines()) == 1
    finally:
        subprocess.run(["ipcrm", "-q", made], check=True)


def test_posix_queues_and_shared_memory_are_new_and_empty(box: Box) -> None:
    assert box.run("ls -A /dev/mqueue /dev/shm").out == "/dev/mqueue:\n\n/dev/shm:\n"


def test_every_namespace_differs_from_the_hosts(box: Box) -> None:
    running = box.start("sleep", "100").until_exec()
    inside = {name: os.readlink(f"/proc/{running.pid}/ns/{name}") for name in ("pid", "mnt", "ipc", "uts", "net")}
    running.kill()
    running.outcome()
    assert not [name for name, link in inside.items() if os.readlink(f"/proc/self/ns/{name}") == link]


def test_the_host_sees_nothing_of_a_containers_mounts(box: Box) -> None:
    before = Path("/proc/self/mountinfo").read_text()
    running = box.start("sleep", "100").until_exec()
    during = Path("/proc/self/mountinfo").read_text()
    running.kill()
    running.outcome()
    assert during == before


def test_nothing_of_the_hosts_root_is_mounted_inside(box: Box) -> None:
    targets = [line.split()[4] for line in box.run("cat /proc/self/mountinfo").out.splitlines()]
    assert targets[0] == "/"
    assert all(target == "/" or target.startswith(("/proc", "/dev", "/sys")) for target in targets)


def test_the_parent_of_the_root_is_the_root(box: Box) -> None:
    assert box.run("ls /../../bin/sh").out == "/../../bin/sh\n"


@pytest.mark.requires("overlay")
def test_what_a_container_writes_goes_to_its_own_layer_and_not_into_the_image(
    layered: Box, handmade: str, tmp_path: Path
) -> None:
    assert layered.run("touch /opt/x").code == 0
    assert (tmp_path / "upper/opt/x").exists()
    assert not os.path.exists(f"{handmade}/opt/x")


@pytest.mark.requires("overlay")
def test_an_image_of_100_layers_with_long_and_odd_names_is_mounted(layered: Box, tmp_path: Path) -> None:
    layers = [tmp_path / f"{'a:long,name' * 8}-{number}" for number in range(100)]
    for number, layer in enumerate(layers):
        (layer / f"opt/{number}").mkdir(parents=True)
    layered.root["lower"] = [*map(str, layers), *layered.root["lower"]]
    assert len(layered.run("ls /opt").out.split()) == 100


def test_a_container_whose_keeper_dies_after_go_runs_its_program(box: Box) -> None:
    running = box.start("echo still here")
    messages.receive(running.child.channel)
    messages.send(running.child.channel, messages.encode(Kind.GO, size=None))
    running.child.channel.close()
    assert running.outcome().out == "still here\n"


def test_a_child_whose_keeper_dies_before_go_ends(box: Box) -> None:
    running = box.start("true")
    running.child.channel.shutdown(2)
    assert running.outcome().code == 125
