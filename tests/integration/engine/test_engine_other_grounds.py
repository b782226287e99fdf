"""Where something is refused: it goes another way and says so, or says what is missing and how to get it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.deck import QD, Deck, Outcome
from support.waiting import SLOW

BASE = "localhost/base"
WITHOUT_CGROUPS = """
for tree in /sys/fs/cgroup /sys/fs/cgroup/*; do
    mountpoint -q "$tree" && mount -o remount,bind,ro "$tree"
done
exec "$@"
"""
ON_AN_OVERLAY = """
mount -t tmpfs none "$OVER"
mkdir "$OVER/upper" "$OVER/work"
mount -t overlay none -o "lowerdir=$HERE,upperdir=$OVER/upper,workdir=$OVER/work" "$HERE"
exec "$@"
"""


def _run(deck: Deck, wrapper: list[str], *arguments: str, **environment: str) -> Outcome:
    """The command below a wrapper: unshare or setpriv with their arguments."""
    result = subprocess.run(
        [*wrapper, QD, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**deck.environment, **environment},
        text=True,
        timeout=60 * SLOW,
    )
    return Outcome(result.returncode, result.stdout, result.stderr)


def _in_mount_namespace(script: str) -> list[str]:
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec", script, "sh"]


def _assert_sentence(outcome: Outcome, *words: str) -> None:
    assert outcome.code == 125, outcome
    assert outcome.err.startswith("qd: "), outcome.err
    assert "\nhint: " in outcome.err, outcome.err
    assert "Traceback" not in outcome.err
    assert all(word in outcome.err for word in words), outcome.err


@pytest.mark.requires("unshare")
def test_where_cgroups_are_read_only_it_runs_without_limits_and_says_so(own_deck: Deck) -> None:
    wrapper = _in_mount_namespace(WITHOUT_CGROUPS)
    outcome = _run(own_deck, wrapper, "run", "--rm", "--memory", "64m", BASE, "echo", "works")
    assert (outcome.code, outcome.out) == (0, "works\n"), outcome.err
    assert "cgroup" in outcome.err
    info = own_deck.engine.info()
    assert info.cgroup == "none"
    assert any("cgroup" in warning for warning in info.warnings)


@pytest.mark.requires("unshare", "overlay")
def test_where_the_state_is_on_an_overlay_the_layers_go_to_a_tmpfs(own_deck: Deck, tmp_path: Path) -> None:
    wrapper = _in_mount_namespace(ON_AN_OVERLAY)
    places = {"HERE": own_deck.paths.root, "OVER": str(tmp_path)}
    refused = _run(own_deck, wrapper, "run", "--rm", BASE, "true", **places)
    assert refused.code == 125
    assert "hint: turn the user namespace off: --userns host" in refused.err
    script = ("sh", "-c", "touch /opt/x; ls /opt")
    outcome = _run(own_deck, wrapper, "run", "--userns", "host", "--name", "afloat", BASE, *script, **places)
    assert (outcome.code, outcome.out) == (0, "x\n"), outcome.err
    assert "overlay" in refused.err
    info = own_deck.engine.info()
    assert info.storage == "overlay on tmpfs"
    assert any("lost at a reboot" in warning for warning in info.warnings)


@pytest.mark.requires("setpriv")
def test_where_namespaces_are_refused_it_names_the_feature(own_deck: Deck) -> None:
    wrapper = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
    outcome = _run(own_deck, wrapper, "run", "--rm", BASE, "true")
    _assert_sentence(outcome, "namespace")
    assert own_deck.engine.containers() == ()


@pytest.mark.requires("setpriv")
def test_where_namespaces_are_refused_the_lists_still_work(own_deck: Deck) -> None:
    wrapper = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
    outcome = _run(own_deck, wrapper, "ps", "-a")
    assert outcome.code == 0, outcome.err
    assert any("namespace" in warning for warning in own_deck.engine.info().warnings)


@pytest.mark.requires("setpriv")
@pytest.mark.parametrize("arguments", [("ps",), ("run", BASE, "true")])
def test_who_is_not_root_is_told_to_become_it(arguments: tuple[str, ...], own_deck: Deck) -> None:
    # The interpreter may lie in root's home, which nobody could not even read without this capability.
    read = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search"]
    wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *read]
    outcome = _run(own_deck, wrapper, *arguments)
    _assert_sentence(outcome, "root", "sudo")


@pytest.mark.requires("setpriv")
def test_who_is_not_root_may_not_speak_to_a_running_engine(own_deck: Deck) -> None:
    own_deck.engine.info()
    own_deck.engine.close()
    read = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search"]
    wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *read]
    _assert_sentence(_run(own_deck, wrapper, "ps"), "root")


@pytest.mark.requires("setpriv")
def test_version_and_help_need_no_root_and_no_engine(own_deck: Deck) -> None:
    read = ["--inh-caps=-all,+dac_read_search", "--ambient-caps=+dac_read_search"]
    wrapper = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *read]
    assert _run(own_deck, wrapper, "--help").code == 0
    assert _run(own_deck, wrapper, "--version").code == 0
    assert not os.path.exists(own_deck.paths.socket)


def test_without_the_standard_streams_it_still_works(own_deck: Deck) -> None:
    """Started with descriptors 0 to 2 closed, a descriptor of ours must not become somebody's standard output."""
    script = "import os, sys; [os.close(fd) for fd in (0, 1, 2)]; os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-c", script, QD, "run", "--name", "deaf", BASE, "sh", "-c", "echo heard"]
    subprocess.run(command, env=own_deck.environment, timeout=60 * SLOW)
    assert own_deck.out("logs", "deaf") == "heard\n"
