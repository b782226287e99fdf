"""What the probe says of this host, and of one that refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from engine.sandbox import probe

pytestmark = pytest.mark.root

REPOSITORY = Path(probe.__file__).parents[2]
CHILD = """
import json, sys
sys.path.insert(0, sys.argv[1])
from engine.sandbox import probe
print(json.dumps([entry for entry in probe.missing()]))
"""


def test_the_probe_leaves_nothing() -> None:
    before = (os.listdir("/proc/self/fd"), Path("/proc/self/mountinfo").read_text())
    probe.missing()
    assert (os.listdir("/proc/self/fd"), Path("/proc/self/mountinfo").read_text()) == before


@pytest.mark.requires("namespaces", "overlay")
def test_a_host_that_has_everything_lacks_nothing() -> None:
    assert probe.missing() == []


@pytest.mark.requires("namespaces")
def test_a_file_system_whose_owners_cannot_be_mapped_is_named_with_the_way_round() -> None:
    """On /tmp they can; /proc shows its own to everybody."""
    assert probe.missing("/proc/sys")[0].message.startswith("cannot map the owners of /proc/sys")
    assert "--userns host" in probe.missing("/proc/sys")[0].hint


@pytest.mark.requires("unshare")
def test_a_host_without_user_namespaces_is_told_what_to_do() -> None:
    script = f"echo 0 > /proc/sys/user/max_user_namespaces && exec {sys.executable} -I -S -c '{CHILD}' {REPOSITORY}"
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script]
    result = subprocess.run(command, capture_output=True, text=True)
    if "unshare" in result.stderr:
        pytest.skip("needs user namespaces")
    refused = [probe.Missing(*entry) for entry in json.loads(result.stdout)]
    assert [entry.feature for entry in refused] == ["user namespaces"]
    assert "user.max_user_namespaces" in refused[0].hint


@pytest.mark.requires("setpriv")
def test_without_privileges_each_namespace_is_named_with_a_way_to_get_it() -> None:
    command = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-all", sys.executable, "-I", "-S", "-c", CHILD]
    result = subprocess.run([*command, str(REPOSITORY)], capture_output=True, text=True, check=True)
    refused = [probe.Missing(*entry) for entry in json.loads(result.stdout)]
    names = ["pid", "mount", "ipc", "uts", "network", "cgroup"]
    assert [entry.feature for entry in refused] == [f"{name} namespace" for name in names]
    assert all("CAP_SYS_ADMIN" in entry.hint for entry in refused)
    assert str(refused[0]).startswith("cannot make the container's pid namespace: clone3: operation not permitted; ")


@pytest.mark.requires("unshare")
def test_a_limit_on_namespaces_is_named_with_its_parameter() -> None:
    script = f"echo 0 > /proc/sys/user/max_net_namespaces && exec {sys.executable} -I -S -c '{CHILD}' {REPOSITORY}"
    command = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", script]
    result = subprocess.run(command, capture_output=True, text=True)
    if "unshare" in result.stderr:
        pytest.skip("needs user namespaces")
    refused = [probe.Missing(*entry) for entry in json.loads(result.stdout)]
    assert [(entry.feature, "user.max_net_namespaces" in entry.hint) for entry in refused] == [
        ("network namespace", True)
    ]
