"""Around every integration test: nothing may stay behind."""

from collections.abc import Iterator

import pytest
from support import leaks
from support.other_tools import Tools
from support.requirements import requires


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    """Mounts, network namespaces, links, cgroups, nft tables, processes and descriptors are as before."""
    before = leaks.take()
    yield
    lines = leaks.difference(before)
    assert not lines, "left behind by this test:\n" + "\n".join(lines)


@pytest.fixture(scope="module")
def tools() -> Iterator[Tools]:
    """The tools over folders of their own; a test asks for those that it uses by name."""
    requires("root")
    tools = Tools()
    yield tools
    tools.close()
