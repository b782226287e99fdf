"""Volumes: what they hold, who sees them, and when they go."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.deck import Deck, Outcome

BASE = "localhost/base"


@pytest.fixture(autouse=True)
def _no_volume_stays(deck: Deck) -> Iterator[None]:
    yield
    deck.out("volume", "prune", "-af")
    assert deck.out("volume", "ls", "-q") == ""
    assert os.listdir(deck.paths.volumes) == []


@pytest.mark.parametrize("userns", ["private", "host"])
def test_a_new_volume_gets_what_the_image_has_and_keeps_what_is_written(userns: str, out: Callable[..., str]) -> None:
    run = ("run", "--rm", "--userns", userns)
    first = out(
        *run, "-v", "data:/etc", BASE, "sh", "-c", "cat /etc/passwd > /etc/mine; stat -c '%u %a' /etc /etc/mine"
    )
    assert first.split() == ["0", "755", "0", "644"]
    assert out(*run, "-v", "data:/x:ro", BASE, "cat", "/x/mine") == out(*run, BASE, "cat", "/etc/passwd")


def test_owners_are_the_same_for_every_container(out: Callable[..., str]) -> None:
    out("run", "--rm", "-v", "owned:/x", BASE, "sh", "-c", "touch /x/f; chown 1000:1001 /x/f")
    for userns in ("private", "host", "auto:size=2000"):
        assert (
            out("run", "--rm", "--userns", userns, "-v", "owned:/y", BASE, "stat", "-c", "%u:%g", "/y/f")
            == "1000:1001\n"
        )


def test_an_empty_volume_is_left_empty_where_that_is_asked_for(out: Callable[..., str]) -> None:
    assert "passwd" not in out("run", "--rm", "-v", "bare:/etc:nocopy", BASE, "ls", "/etc")


def test_volumes_without_a_name_go_with_their_container(deck: Deck, out: Callable[..., str]) -> None:
    out("run", "--rm", "-v", "/cache", BASE, "touch", "/cache/x")
    assert deck.engine.volumes() == ()
    out("create", "--name", "kept", "-v", "/cache", "-v", "named:/n", BASE, "true")
    assert [volume.anonymous for volume in deck.engine.volumes()].count(True) == 1
    out("rm", "-v", "kept")
    assert [volume.name for volume in deck.engine.volumes()] == ["named"]


def test_a_volume_in_use_is_not_removed(out: Callable[..., str], qd: Callable[..., Outcome]) -> None:
    out("create", "--name", "user", "-v", "busy:/x", BASE, "true")
    refused = qd("volume", "rm", "busy")
    assert (refused.code, "in use by user" in refused.err) == (125, True)
    assert out("volume", "prune", "-af").startswith("Total")
    assert json.loads(out("volume", "inspect", "busy"))[0]["UsedBy"] == ["user"]
    out("rm", "user")
    assert out("volume", "rm", "busy") == "busy\n"
    assert "no such volume" in qd("volume", "rm", "busy").err
    assert qd("volume", "rm", "-f", "busy").code == 0


def test_the_mounts_of_another_container_are_taken_over(
    tmp_path: Path, out: Callable[..., str], qd: Callable[..., Outcome]
) -> None:
    (tmp_path / "f").write_text("bound")
    out("create", "--name", "origin", "-v", f"{tmp_path}:/bound", "-v", "/own", BASE, "true")
    out("run", "--rm", "--volumes-from", "origin", BASE, "sh", "-c", "echo hello > /own/f")
    assert out("run", "--rm", "--volumes-from", "origin:ro", BASE, "cat", "/bound/f", "/own/f") == "boundhello\n"
    assert "Read-only" in qd("run", "--rm", "--volumes-from", "origin:ro", BASE, "touch", "/own/g").err
    out("rm", "-v", "origin")


def test_each_type_of_a_long_mount_is_there(tmp_path: Path, out: Callable[..., str]) -> None:
    mounts = (
        f"type=bind,src={tmp_path},dst=/b,readonly",
        "type=volume,src=long,dst=/v",
        "type=tmpfs,dst=/t,tmpfs-size=1m",
        f"type=image,src={BASE},dst=/i",
    )
    words = [word for mount in mounts for word in ("--mount", mount)]
    script = "for d in /b /v /t /i; do touch $d/x 2>/dev/null && echo $d; done; ls /i | grep bin; stat -f -c %T /t"
    assert out("run", "--rm", *words, BASE, "sh", "-c", script).split() == ["/v", "/t", "bin", "sbin", "tmpfs"]


def test_a_source_that_is_missing_is_refused_before_there_is_a_container(qd: Callable[..., Outcome]) -> None:
    refused = qd("create", "--mount", "type=bind,src=/no/such/folder,dst=/x", BASE, "true")
    assert "/no/such/folder" in refused.err
    assert not os.path.exists("/no/such")


@pytest.mark.parametrize("userns", ["private", "host"])
def test_a_path_in_a_volume_does_not_lead_out_of_it(
    userns: str, out: Callable[..., str], qd: Callable[..., Outcome]
) -> None:
    out("run", "--rm", "-v", "part:/x", BASE, "sh", "-c", "mkdir /x/a; echo inside > /x/a/f; ln -s /etc /x/out")
    run = ("run", "--rm", "--userns", userns, "--mount")
    assert out(*run, "type=volume,src=part,dst=/y,volume-subpath=a", BASE, "cat", "/y/f") == "inside\n"
    led = qd(*run, "type=volume,src=part,dst=/y,volume-subpath=out", BASE, "ls", "/y")
    assert "hostname" not in led.out
    assert led.code == 125
    assert qd(*run, "type=volume,src=part,dst=/y,volume-subpath=../..", BASE, "ls", "/y").code == 125


def test_a_create_that_fails_leaves_no_volume(deck: Deck, qd: Callable[..., Outcome]) -> None:
    assert qd("create", "-v", "gone:/x", "-v", "/y", "--sysctl", "kernel.panic=1", BASE, "true").code == 125
    assert deck.engine.volumes() == ()


def test_inspect_shows_everything_that_was_asked_for(deck: Deck, out: Callable[..., str]) -> None:
    options = ("-v", "shown:/v:ro", "--group-add", "50", "--sysctl", "net.core.somaxconn=9", "--shm-size", "1m")
    more = ("--device", "/dev/zero:/dev/z:r", "--security-opt", "mask=/opt", "--ipc", "shareable", "--uts", "host")
    out("create", "--name", "told", *options, *more, BASE, "true")
    [shown] = json.loads(out("inspect", "told"))
    host = shown["HostConfig"]
    assert shown["Mounts"] == [
        {
            "Name": "shown",
            "Driver": "local",
            "Type": "volume",
            "Source": f"{deck.paths.volumes}/shown/_data",
            "Destination": "/v",
            "Mode": "ro",
            "RW": False,
            "Propagation": "",
        }
    ]
    assert (host["Binds"], host["GroupAdd"], host["Sysctls"]) == (["shown:/v:ro"], ["50"], {"net.core.somaxconn": "9"})
    assert (host["ShmSize"], host["IpcMode"], host["UTSMode"]) == (1 << 20, "shareable", "host")
    assert host["Devices"] == [{"PathOnHost": "/dev/zero", "PathInContainer": "/dev/z", "CgroupPermissions": "r"}]
    assert host["SecurityOpt"] == ["mask=/opt"]
    assert (host["UsernsMode"], len(host["IDMappings"]["UidMap"])) == ("private", 1)
    out("rm", "told")
