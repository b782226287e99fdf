"""Containers without a mount namespace: their mounts are the host's, and none of them stays."""

from pathlib import Path
from typing import Any

import pytest
from support.bundles import Runtime

pytestmark = [pytest.mark.root, pytest.mark.requires("busybox", "namespaces")]


@pytest.fixture
def without_namespace(runtime: Runtime) -> Runtime:
    """A bundle without a mount namespace, and without what is refused then."""

    def change(spec: dict[str, Any]) -> None:
        linux = spec["linux"]
        linux["namespaces"] = [entry for entry in linux["namespaces"] if entry["type"] != "mount"]
        linux.update(maskedPaths=[], readonlyPaths=[])

    runtime.configure(change)
    return runtime


def mounts_of(runtime: Runtime) -> list[str]:
    """The lines of our mount table that are of its root."""
    root = str(Path(runtime.bundle, "rootfs").resolve())
    return [line for line in Path("/proc/self/mountinfo").read_text().splitlines() if f" {root}" in line]


def test_its_program_runs_in_its_root_and_its_mounts_go_with_it(without_namespace: Runtime) -> None:
    runtime = without_namespace
    runtime.args("sleep", "100")
    container_id = runtime.started()
    assert len(mounts_of(runtime)) > 5
    assert (
        runtime("exec", container_id, "cat", "/etc/passwd").out == Path(runtime.bundle, "rootfs/etc/passwd").read_text()
    )
    assert runtime("exec", container_id, "touch", "/new").code == 1  # root.readonly
    assert runtime("delete", "--force", container_id).code == 0
    assert mounts_of(runtime) == []


def test_nothing_is_mounted_after_one_that_has_ended_or_could_not_be_made(without_namespace: Runtime) -> None:
    runtime = without_namespace
    runtime.args("true")
    assert runtime.run().code == 0
    assert mounts_of(runtime) == []
    runtime.args("/not/there")
    assert runtime.run().code == 1
    assert mounts_of(runtime) == []


@pytest.mark.parametrize("field", ["maskedPaths", "readonlyPaths"])
def test_paths_that_would_be_hidden_from_the_host_too_are_refused(without_namespace: Runtime, field: str) -> None:
    runtime = without_namespace
    runtime.configure(lambda spec: spec["linux"].update({field: ["/proc/kcore"]}))
    outcome = runtime.run()
    assert (outcome.code, "without a private MNT namespace" in outcome.err) == (1, True)
    assert mounts_of(runtime) == []
