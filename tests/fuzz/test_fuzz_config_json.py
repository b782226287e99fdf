"""config.json as strangers write it, against everything of the runtime that reads it before a process is made."""

import json
from typing import Any

from hypothesis import given, settings
from support import specs

from engine import errors
from engine.cgroup import paths
from engine.cgroup.settings import for_v1, for_v2
from engine.runtime import bundle, groups, notify
from engine.sandbox.order import Order, prepared

ROOT = {"kind": "directory", "path": "/tmp"}


def _exists(_controller: str, _file: str) -> bool:
    return True


def read(spec: dict[str, Any]) -> None:
    """As `create` does. Raises `EngineError`."""
    found = bundle.parse(json.dumps(spec).encode(), "config.json")
    bundle.check(found)
    arranged = notify.arranged(found, "/tmp")
    linux = arranged["linux"]
    paths.runtime_name(linux.get("cgroupsPath") or "", "id")
    resources = dict(linux.get("resources") or {})
    resources["devices"] = groups.device_rules(resources.get("devices"))
    for_v1(resources, _exists)
    for_v2(resources, _exists, {})
    with prepared(Order(arranged, ROOT, "/tmp", (), None, False, strict=True)) as ready:
        assert all(step.describe() for step in (*ready.plan.steps, *ready.plan.last))


def test_the_document_that_is_edited_is_valid() -> None:
    read(specs.full())
    read(specs.mapped())


@settings(max_examples=400, deadline=None)
@given(specs.edited(specs.full))
def test_a_config_json_is_read_or_refused_in_words(spec: dict[str, Any]) -> None:
    try:
        read(spec)
    except errors.EngineError as err:
        assert err.message


@settings(max_examples=200, deadline=None)
@given(specs.edited(specs.mapped))
def test_one_with_a_user_namespace_too(spec: dict[str, Any]) -> None:
    try:
        read(spec)
    except errors.EngineError as err:
        assert err.message


@settings(max_examples=200)
@given(specs.values())
def test_whatever_a_file_holds_it_is_an_object_or_refused(value: Any) -> None:
    try:
        bundle.check(bundle.parse(json.dumps(value).encode(), "config.json"))
    except errors.EngineError as err:
        assert err.message
