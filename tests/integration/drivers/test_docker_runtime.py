"""Docker runs its containers by `qd-runtime`: `dockerd --add-runtime`, `docker run --runtime`."""

import os
import pty
import subprocess
from pathlib import Path

import pytest
from support import kernel
from support.docker import IMAGE, Docker
from support.joined import cgroup_file
from support.waiting import SLOW, until

pytestmark = [pytest.mark.root, pytest.mark.requires("dockerd", "busybox", "namespaces")]

FOREVER = "while :; do sleep 0.1; done"
POLITE = f"trap 'echo bye; exit 7' TERM; echo ready; {FOREVER}"


def test_output_and_exit_code_of_a_program_come_through(docker: Docker) -> None:
    result = docker.box("--", "sh", "-c", "echo out; echo err >&2; exit 3")
    assert (result.returncode, result.stdout, result.stderr) == (3, "out\n", "err\n")


def test_a_program_that_is_not_there_gives_127_and_one_that_cannot_run_126(docker: Docker) -> None:
    assert docker.box("--", "/nonesuch").returncode == 127
    assert docker.box("--", "/etc/passwd").returncode == 126


def test_exec_runs_in_the_container_and_gives_its_exit_code(docker: Docker) -> None:
    docker.start("one", FOREVER)
    words = ("--user", "bob", "--workdir", "/etc", "--env", "A=b", "one", "sh", "-c", "id -u; echo $A; pwd")
    assert docker.out("exec", *words) == "1000\nb\n/etc\n"
    assert docker.run("exec", "one", "sh", "-c", "exit 5").returncode == 5
    assert docker.out("exec", "-t", "one", "tty").strip() == "/dev/pts/0"


def test_stop_is_heard_by_the_program_and_its_code_is_kept(docker: Docker) -> None:
    docker.start("one", POLITE)
    until(lambda: "ready" in docker.out("logs", "one"), "the container's first line")
    docker.out("stop", "one")
    assert docker.out("logs", "one") == "ready\nbye\n"
    assert docker.inspect("one", "State.Status") == "exited"
    assert docker.inspect("one", "State.ExitCode") == "7"


def test_a_container_starts_again_and_is_killed(docker: Docker) -> None:
    docker.start("one", FOREVER)
    docker.out("restart", "-t", "0", "one")
    docker.out("kill", "one")
    assert docker.out("wait", "one") == "137\n"


def test_pause_stops_every_process_and_unpause_lets_them_go_on(docker: Docker) -> None:
    docker.start("one", "while :; do echo tick; sleep 0.05; done")
    docker.out("pause", "one")
    assert docker.inspect("one", "State.Status") == "paused"
    docker.out("unpause", "one")
    before = docker.out("logs", "one")
    until(lambda: len(docker.out("logs", "one")) > len(before), "another tick")


@pytest.mark.requires("memory controller", "pids controller")
def test_limits_are_those_of_the_cgroup_and_can_be_changed(docker: Docker) -> None:
    docker.start("one", FOREVER, "--memory", "64m", "--pids-limit", "50")
    pid = docker.inspect("one", "State.Pid")
    memory = ("memory", "memory.limit_in_bytes", "memory.max")
    assert cgroup_file(pid, *memory) == str(64 << 20)
    assert cgroup_file(pid, "pids", "pids.max", "pids.max") == "50"
    docker.out("update", "--memory", "96m", "--memory-swap", "200m", "one")
    assert cgroup_file(pid, *memory) == str(96 << 20)


def test_what_is_typed_reaches_a_program_on_a_terminal(docker: Docker) -> None:
    command = docker.command("run", "--rm", "-it", "--runtime", "qd", IMAGE, "sh", "-c", "read x; tty; echo got-$x")
    main, side = pty.openpty()
    try:
        with subprocess.Popen(command, stdin=side, stdout=side, stderr=side) as process:
            os.write(main, b"it\n")
            assert process.wait(60 * SLOW) == 0
        said = os.read(main, 4096)
        assert b"/dev/pts/0" in said
        assert b"got-it" in said
    finally:
        os.close(main)
        os.close(side)


def test_confinement_is_what_docker_asks_for(docker: Docker, tmp_path: Path) -> None:
    (tmp_path / "note").write_text("from the host")
    options = ("--read-only", "--user", "0:8", "--cap-drop", "all", "--init", "-v", f"{tmp_path}:/mnt:ro")
    result = docker.box(*options, "--", "sh", "-c", "cat /mnt/note; echo; cat /proc/1/comm /proc/self/status; touch /x")
    note, first, rest = result.stdout.split("\n", 2)
    status = kernel.status(rest)
    assert (note, first) == ("from the host", "docker-init")
    assert (status["Gid"].split()[0], int(status["CapBnd"], 16), status["Seccomp"]) == ("8", 0, "2")
    assert "Read-only file system" in result.stderr


def test_removing_by_force_ends_what_runs(docker: Docker) -> None:
    docker.start("one", "trap '' TERM; " + FOREVER)
    pid = docker.inspect("one", "State.Pid")
    docker.out("rm", "-f", "one")
    assert not os.path.exists(f"/proc/{pid}")
    assert docker.out("ps", "-aq") == ""
