"""Properties of a config.json with another type than the specification gives them, found by the generator of specs."""

from typing import Any

import pytest
from support import specs

from engine.errors import InvalidInput
from engine.runtime import bundle

WRONG: list[tuple[specs.Path, Any]] = [
    (("linux", "resources", "devices"), True),
    (("linux", "resources", "devices"), [1]),
    (("process", "env"), 5),
    (("process", "env"), "A=b"),
    (("mounts",), {}),
    (("hostname",), 1),
]


@pytest.mark.parametrize(("path", "value"), WRONG)
def test_a_property_of_another_type_is_refused_in_words(path: specs.Path, value: Any) -> None:
    spec = specs.full()
    specs.edit(spec, path, lambda where, key: where.__setitem__(key, value))
    with pytest.raises(InvalidInput):
        bundle.check(spec)
