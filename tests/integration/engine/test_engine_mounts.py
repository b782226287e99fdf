"""The container's file system: its own, read-only where asked, with folders of the host where asked."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from support.deck import Deck, Outcome

BASE = "localhost/base"


def test_a_read_only_root_refuses_to_write_and_dev_still_works(qd: Callable[..., Outcome]) -> None:
    outcome = qd("run", "--rm", "--read-only", BASE, "sh", "-c", "echo fine > /dev/null && touch /opt/x")
    assert outcome.code != 0
    assert "Read-only file system" in outcome.err


def test_a_tmpfs_has_its_size_and_is_writable_in_a_read_only_root(out: Callable[..., str]) -> None:
    options = ("--read-only", "--tmpfs", "/scratch:size=1m,mode=1777")
    script = "touch /scratch/x; stat -f -c '%T %s %b' /scratch; stat -c %a /scratch"
    kind, mode = out("run", "--rm", *options, BASE, "sh", "-c", script).splitlines()
    name, block, blocks = kind.split()
    assert (name, int(block) * int(blocks), mode) == ("tmpfs", 1 << 20, "1777")


def test_a_folder_of_the_host_is_seen_and_written(tmp_path: Path, out: Callable[..., str]) -> None:
    (tmp_path / "in").write_text("from the host")
    assert out("run", "--rm", "-v", f"{tmp_path}:/data", BASE, "cat", "/data/in") == "from the host"
    out("run", "--rm", "-v", f"{tmp_path}:/data", BASE, "touch", "/data/out")
    assert (tmp_path / "out").is_file()


def test_a_read_only_bind_refuses_to_write(tmp_path: Path, qd: Callable[..., Outcome]) -> None:
    outcome = qd("run", "--rm", "-v", f"{tmp_path}:/data:ro", BASE, "touch", "/data/x")
    assert outcome.code != 0
    assert "Read-only file system" in outcome.err
    assert list(tmp_path.iterdir()) == []


def test_a_single_file_can_be_bound_over_one_of_the_image(tmp_path: Path, out: Callable[..., str]) -> None:
    (tmp_path / "motd").write_text("hello")
    assert out("run", "--rm", "-v", f"{tmp_path}/motd:/etc/passwd:ro", BASE, "cat", "/etc/passwd") == "hello"


def test_a_bind_does_not_follow_a_link_of_the_container_out_of_it(tmp_path: Path, deck: Deck) -> None:
    """The target is resolved inside: a link to / in the image is the container's own root."""
    outside = tmp_path / "outside"
    outside.mkdir()
    deck.out("create", "--name", "sly", "-v", f"{tmp_path}:/trap/data", BASE, "ls", "/trap/data")
    upper = deck.engine.inspect("sly")["paths"]["upper"]
    if upper is None:
        pytest.skip("needs overlay")
    os.symlink(outside, f"{upper}/trap")
    outcome = deck.qd("start", "-a", "sly")
    assert list(outside.iterdir()) == []
    assert outcome.code in (0, 2, 125)


def test_the_root_is_writable_and_changes_are_kept_between_runs(deck: Deck) -> None:
    deck.out("run", "--name", "memory", BASE, "sh", "-c", "echo x >> /opt/log; wc -l < /opt/log")
    assert deck.qd("start", "-a", "memory").out.strip() == "2"


def test_proc_is_of_the_container_and_sys_is_read_only(out: Callable[..., str]) -> None:
    lines = [line.split() for line in out("run", "--rm", BASE, "cat", "/proc/mounts").splitlines()]
    mounts = {target: (kind, options.split(",")) for _source, target, kind, options, *_ in lines}
    assert mounts["/proc"][0] == "proc"
    assert "ro" in mounts["/sys"][1]
    assert mounts["/dev/shm"][0] == "tmpfs"
    assert mounts["/dev/mqueue"][0] == "mqueue"
    assert "nosuid" in mounts["/dev"][1]


def test_no_path_of_the_host_s_tree_is_left_mounted(out: Callable[..., str]) -> None:
    inside = [line.split()[1] for line in out("run", "--rm", BASE, "cat", "/proc/mounts").splitlines()]
    assert inside.count("/") == 1
    assert all(path.split("/")[1] in ("", "proc", "sys", "dev", "etc") for path in inside), inside


def test_the_working_cgroup_tree_shows_only_its_own(out: Callable[..., str]) -> None:
    lines = out("run", "--rm", BASE, "cat", "/proc/self/cgroup").splitlines()
    assert all(line.rpartition(":")[2] == "/" for line in lines if "name=" not in line), lines


@pytest.mark.parametrize("spec", ["relative/path:/data", "/host:relative", "/only-one:", "/a:/b:bad"])
def test_a_bad_bind_is_refused_with_a_hint(spec: str, qd: Callable[..., Outcome]) -> None:
    outcome = qd("run", "--rm", "-v", spec, BASE, "true")
    assert outcome.code == 125
    assert "hint: " in outcome.err


def test_diff_names_what_was_added_changed_and_deleted(deck: Deck) -> None:
    script = "touch /opt/new; echo x >> /etc/hostname.d 2>/dev/null; echo x >> /etc/passwd; rm /etc/group"
    deck.qd("run", "--name", "changed", BASE, "sh", "-c", script)
    lines = deck.out("diff", "changed").splitlines()
    assert {"C /opt", "A /opt/new", "C /etc", "C /etc/passwd", "D /etc/group"} <= set(lines)
    assert lines == sorted(lines, key=lambda line: line[2:])


def test_diff_of_an_untouched_container_is_empty(deck: Deck) -> None:
    deck.out("run", "--name", "untouched", BASE, "true")
    assert deck.out("diff", "untouched") == ""
