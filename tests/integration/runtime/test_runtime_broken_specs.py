"""Real runs of edited specifications: an error in words or a container that ran, and nothing left behind."""

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import cgroupfs_left, specs
from support.bundle import PARENT, RUNTIME, Bundle
from support.waiting import SLOW

pytestmark = [pytest.mark.root, pytest.mark.requires("busybox", "unshare", "namespaces")]

APART = ("unshare", "--mount", "--uts", "--ipc", "--net", "--propagation", "private")
"""So that a namespace which an edit has taken away is not the host's."""
SOURCES = tuple(("mounts", number, "source") for number in range(20))
KEPT: tuple[specs.Path, ...] = (("root",), ("process", "args"), ("linux", "cgroupsPath"), *SOURCES)
"""What would lead an edit to files, programs or cgroups of the host."""
UNWORDED = re.compile(r"failed: [A-Z]\w+\(|Traceback|Error\(")
"""The outermost loop of the command has met an exception that nobody has put in words."""


def _placed(make: Callable[[], dict[str, Any]]) -> Callable[[], dict[str, Any]]:
    def made() -> dict[str, Any]:
        spec = make()
        spec["linux"]["cgroupsPath"] = f"/{PARENT}/hostile"
        return spec

    return made


def _run(bundle: Bundle, spec: dict[str, Any]) -> "subprocess.CompletedProcess[str]":
    (bundle.folder / "config.json").write_text(json.dumps(spec))
    where = ("--root", f"{bundle.folder}/states", "run", "--bundle", str(bundle.folder), "hostile")
    command = [*APART, RUNTIME, *where]
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30 * SLOW)


@pytest.mark.parametrize("make", [specs.full, specs.mapped])
def test_the_document_that_is_edited_runs(bundle: Bundle, make: Callable[[], dict[str, Any]]) -> None:
    result = _run(bundle, _placed(make)())
    assert (result.returncode, result.stderr) == (0, "")


EDITED = st.one_of(*(specs.edited(_placed(make), KEPT, most=2) for make in (specs.full, specs.mapped)))


@settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(spec=EDITED)
def test_an_edited_spec_runs_or_is_refused_in_words(bundle: Bundle, spec: dict[str, Any]) -> None:
    result = _run(bundle, spec)
    assert not UNWORDED.search(result.stderr), result.stderr
    assert result.returncode in (0, 1) or result.returncode > 128, result.stderr
    assert result.returncode != 1 or "level=error" in result.stderr, "nothing was said"
    assert bundle.containers() == []
    assert cgroupfs_left.of_containers(PARENT) == []


@pytest.fixture
def bundle(tmp_path: Path) -> Any:
    """A bundle of its own; afterwards no cgroup is left."""
    made = Bundle(tmp_path / "hostile")
    yield made
    made.runtime("delete", "--force", "hostile")
    cgroupfs_left.remove_empty(PARENT)
