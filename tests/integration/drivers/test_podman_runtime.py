"""Podman runs its containers by `qd-runtime`: `podman --runtime`."""

import os
import pty
import subprocess
from pathlib import Path

import pytest
from support import kernel
from support.joined import cgroup_file
from support.podman import IMAGE, RUNTIME, Podman
from support.waiting import SLOW, until

pytestmark = [pytest.mark.root, pytest.mark.requires("podman", "busybox", "namespaces")]

FOREVER = "while :; do sleep 0.1; done"
POLITE = f"trap 'echo bye; exit 7' TERM; echo ready; {FOREVER}"


def _until_ready(podman: Podman, name: str) -> None:
    until(lambda: "ready" in podman.out("logs", name), "the container's first line")


def test_output_and_exit_code_of_a_program_come_through(podman: Podman) -> None:
    result = podman.box("--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (result.returncode, result.stdout, result.stderr) == (3, "out\n", "err\n")


def test_input_reaches_the_program(podman: Podman) -> None:
    command = podman.command("run", "--rm", "-i", f"--cgroup-parent=/{podman.parent}", IMAGE, "cat")
    result = subprocess.run(
        command, input="hello\n", capture_output=True, text=True, env=podman.environment, timeout=60 * SLOW
    )
    assert result.stdout == "hello\n"


def test_a_program_that_is_not_there_gives_127_and_one_that_cannot_run_126(podman: Podman) -> None:
    assert podman.box("--", "/nonesuch").returncode == 127
    assert podman.box("--", "/etc/passwd").returncode == 126


def test_exec_runs_in_the_container_and_gives_its_exit_code(podman: Podman) -> None:
    podman.start("one", FOREVER)
    assert podman.out("exec", "one", "cat", "/proc/1/comm") == "sh\n"
    assert (
        podman.out(
            "exec", "--user", "bob", "--workdir", "/etc", "--env", "A=b", "one", "sh", "-c", "id -u; echo $A; pwd"
        )
        == "1000\nb\n/etc\n"
    )
    assert podman.run("exec", "one", "sh", "-c", "exit 5").returncode == 5


def test_stop_is_heard_by_the_program_and_its_code_is_kept(podman: Podman) -> None:
    podman.start("one", POLITE)
    _until_ready(podman, "one")
    podman.out("stop", "one")
    assert podman.out("logs", "one") == "ready\nbye\n"
    assert podman.inspect("one", "State.Status") == "exited"
    assert podman.inspect("one", "State.ExitCode") == "7"


def test_a_container_starts_again_and_is_killed(podman: Podman) -> None:
    podman.start("one", FOREVER)
    podman.out("restart", "-t", "0", "one")
    podman.out("kill", "one")
    assert podman.out("wait", "one") == "137\n"


def test_pause_stops_every_process_and_unpause_lets_them_go_on(podman: Podman) -> None:
    podman.start("one", "while :; do echo tick; sleep 0.05; done")
    podman.out("pause", "one")
    assert podman.inspect("one", "State.Status") == "paused"
    before = podman.out("logs", "one")
    assert podman.out("logs", "one") == before
    podman.out("unpause", "one")
    until(lambda: len(podman.out("logs", "one")) > len(before), "another tick")


@pytest.mark.requires("memory controller", "pids controller")
def test_limits_are_those_of_the_cgroup_and_can_be_changed(podman: Podman) -> None:
    podman.start("one", FOREVER, "--memory", "64m", "--pids-limit", "50")
    pid = podman.inspect("one", "State.Pid")
    memory = ("memory", "memory.limit_in_bytes", "memory.max")
    assert cgroup_file(pid, *memory) == str(64 << 20)
    assert cgroup_file(pid, "pids", "pids.max", "pids.max") == "50"
    podman.out("update", "--memory", "96m", "one")
    assert cgroup_file(pid, *memory) == str(96 << 20)


def test_a_terminal_is_the_containers_own(podman: Podman) -> None:
    result = podman.box("-t", "--", "sh", "-c", "tty; ls /dev/pts")
    assert (result.returncode, result.stdout.split()) == (0, ["/dev/pts/0", "0", "ptmx"])


def test_what_is_typed_reaches_a_program_on_a_terminal(podman: Podman) -> None:
    command = podman.command("run", "--rm", "-it", f"--cgroup-parent=/{podman.parent}", IMAGE, "sh", "-c")
    main, side = pty.openpty()
    try:
        with subprocess.Popen(
            [*command, "read x; echo got-$x"], stdin=side, stdout=side, stderr=side, env=podman.environment
        ) as process:
            os.write(main, b"it\n")
            assert process.wait(60 * SLOW) == 0
        assert b"got-it" in os.read(main, 4096)
    finally:
        os.close(main)
        os.close(side)


def test_user_capabilities_and_groups_are_those_that_were_asked_for(podman: Podman) -> None:
    options = ("--user", "1000:1000", "--group-add", "8", "--cap-drop", "all", "--security-opt", "no-new-privileges")
    status = kernel.status(podman.box(*options, "--", "cat", "/proc/self/status").stdout)
    assert status["Uid"].split() == ["1000"] * 4
    assert "8" in status["Groups"].split()
    assert (int(status["CapBnd"], 16), status["NoNewPrivs"], status["Seccomp"]) == (0, "1", "2")


def test_a_folder_of_the_host_is_bound_as_asked(podman: Podman, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("from the host")
    result = podman.box("-v", f"{tmp_path}:/mnt:ro", "--", "sh", "-c", "cat /mnt/note; echo x > /mnt/note")
    assert result.stdout == "from the host"
    assert "Read-only file system" in result.stderr


def test_a_read_only_root_and_tmpfs(podman: Podman) -> None:
    result = podman.box("--read-only", "--", "sh", "-c", "touch /tmp/x && echo tmp; touch /etc/x")
    assert result.stdout == "tmp\n"
    assert "Read-only file system" in result.stderr


def test_a_user_namespace_of_podmans_making(podman: Podman) -> None:
    maps = ("--uidmap", "0:100000:65536", "--gidmap", "0:100000:65536")
    result = podman.box(*maps, "--", "sh", "-c", "cat /proc/self/uid_map; ls -ln /etc/passwd")
    assert result.stdout.split()[:3] == ["0", "100000", "65536"]
    assert result.stdout.split()[5:7] == ["0", "0"]


def test_two_containers_share_namespaces_and_a_sysctl_is_set(podman: Podman) -> None:
    podman.start("one", FOREVER, "--ipc", "shareable", "--sysctl", "kernel.shm_rmid_forced=1")
    script = "cat /proc/sys/kernel/shm_rmid_forced; readlink /proc/self/ns/ipc"
    result = podman.box("--ipc", "container:one", "--pid", "container:one", "--", "sh", "-c", f"{script}; ls /proc")
    shm, *_rest = result.stdout.split()
    assert shm == "1"
    assert podman.inspect("one", "State.Pid") not in result.stdout.split()


def test_podman_shows_the_runtime_and_lists_the_processes(podman: Podman) -> None:
    podman.start("one", FOREVER)
    assert podman.inspect("one", "OCIRuntime") == RUNTIME
    assert podman.inspect("one", "State.Status") == "running"
    assert "sh" in podman.out("top", "one", "comm").split()


def test_removing_by_force_ends_what_runs(podman: Podman) -> None:
    podman.start("one", "trap '' TERM; " + FOREVER)
    pid = podman.inspect("one", "State.Pid")
    podman.out("rm", "-f", "-t", "0", "one")
    assert not os.path.exists(f"/proc/{pid}")
    assert podman.out("ps", "-aq") == ""
