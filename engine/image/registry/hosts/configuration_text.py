"""One registries.conf: TOML of version 2, checked.

Keys that are not known here pass, since other programs read the same file; a value of the wrong type does not.
"""

import re
import tomllib
from typing import Any, Final, Literal, NamedTuple

import msgspec

from engine.errors import EngineError, InvalidInput
from engine.image import reference
from engine.image.registry.hosts.configuration import ALWAYS, BY_DIGEST, Mirror, Rule

_TABLE: Final = re.compile(rb"^[ \t]*\[\[[ \t]*registry[ \t]*\]\]", re.MULTILINE)
_PORT: Final = re.compile(r":[0-9]+\Z", re.ASCII)
_WILDCARD: Final = "*."


class File(NamedTuple):
    """What one file says."""

    search: tuple[str, ...] | None
    """None: nothing about it."""
    rules: tuple[Rule, ...]
    aliases: dict[str, str]
    """Name -> full name; empty: none any more."""


class _Table(msgspec.Struct, kw_only=True, rename="kebab"):
    location: str = ""
    insecure: bool = False


class _Mirror(_Table):
    pull_from_mirror: Literal["", "all", "digest-only", "tag-only"] = ""


class _Registry(_Table):
    prefix: str = ""
    blocked: bool = False
    mirror_by_digest_only: bool = False
    mirror: list[_Mirror] = []


class _Document(msgspec.Struct, rename="kebab"):
    unqualified_search_registries: tuple[str, ...] | None = None
    registry: list[Any] = []
    registries: Any = None
    aliases: dict[str, str] = {}


def parse(data: bytes, path: str) -> File:
    """The content of the file at `path`, which errors name. Raises InvalidInput."""
    try:
        document = msgspec.convert(tomllib.loads(data.decode()), _Document)
    except UnicodeDecodeError as err:
        line = data[: err.start].count(b"\n") + 1
        raise InvalidInput(f"{path}, line {line}: this is not UTF-8") from err
    except (tomllib.TOMLDecodeError, RecursionError) as err:
        raise InvalidInput(f"{path} is not TOML: {err}", hint="see containers-registries.conf(5)") from err
    except msgspec.ValidationError as err:
        raise InvalidInput(f"{path}: {err}", hint="see containers-registries.conf(5)") from err
    if document.registries is not None:
        hint = "write unqualified-search-registries = [...] and [[registry]] instead of [registries.search] and so on"
        raise InvalidInput(f"{path} has the format of version 1, which is not read any more", hint=hint)
    search = document.unqualified_search_registries
    for host in search or ():
        _place(host, "unqualified-search-registries", path, is_host=True)
    rules = tuple(_rule(table, number, data, path) for number, table in enumerate(document.registry))
    return File(search, rules, {name: _alias(name, full, path) for name, full in document.aliases.items()})


def _rule(raw: Any, number: int, data: bytes, path: str) -> Rule:
    where = f"{path}, line {_line(data, number)}"
    try:
        table = msgspec.convert(raw, _Registry)
    except msgspec.ValidationError as err:
        raise InvalidInput(f"{where}: {err}", hint="see containers-registries.conf(5)") from err
    if not (table.prefix or table.location):
        raise InvalidInput(f"{where}: [[registry]] has neither prefix nor location", hint="add one of them")
    mirrors = tuple(_mirror(mirror, table.mirror_by_digest_only, where) for mirror in table.mirror)
    location = _place(table.location, "location", where) if table.location else ""
    if table.prefix.startswith(_WILDCARD):
        _place(table.prefix.removeprefix(_WILDCARD), "prefix", where, is_host=True)
        return Rule(table.prefix, location, table.insecure, table.blocked, mirrors)
    plain = _place(table.prefix, "prefix", where, has_tag=True) if table.prefix else location
    prefix = table.prefix.rstrip("/") or location
    return Rule(prefix, location or plain, table.insecure, table.blocked, mirrors)


def _mirror(mirror: _Mirror, by_digest_only: bool, where: str) -> Mirror:
    location = _place(mirror.location, "location of a mirror", where)
    if by_digest_only and mirror.pull_from_mirror:
        hint = "one of the two says enough"
        raise InvalidInput(f"{where}: pull-from-mirror stands beside mirror-by-digest-only", hint=hint)
    used = BY_DIGEST if by_digest_only else mirror.pull_from_mirror or ALWAYS
    return Mirror(location, mirror.insecure, used)


def _place(text: str, key: str, where: str, *, is_host: bool = False, has_tag: bool = False) -> str:
    """HOST[:PORT][/PATH], by the grammar of names of images, without a tag. Raises InvalidInput."""
    host, slash, path = text.rstrip("/").partition("/")
    marked = host if _PORT.search(host) else f"{host}:1"  # with a port it is a host in any case
    try:
        parsed = reference.parse(f"{marked}/{path if slash else 'name'}")
    except EngineError as err:
        raise InvalidInput(f"{where}: {key} {text!a:.80} is not HOST[:PORT][/PATH]") from err
    is_tagged = parsed.digest or parsed.tag != reference.DEFAULT_TAG or path.endswith(f":{reference.DEFAULT_TAG}")
    if (is_host and slash) or (is_tagged and not has_tag):
        raise InvalidInput(f"{where}: {key} {text!a:.80} is not {'a host' if is_host else 'HOST[:PORT][/PATH]'}")
    return f"{host}/{parsed.path}" if slash else host


def _alias(name: str, full: str, path: str) -> str:
    try:
        short = reference.parse(name)
        long = reference.parse(full) if full else None
    except EngineError as err:
        raise InvalidInput(f"{path}: the alias {name!a:.80} is not one: {err.message}") from err
    is_right = not short.registry and str(short) == f"{name}:{reference.DEFAULT_TAG}"
    if not is_right or (long and (not long.registry or str(long) != f"{full}:{reference.DEFAULT_TAG}")):
        hint = 'for example: "app" = "registry.example.com/team/app"'
        raise InvalidInput(
            f"{path}: the alias {name!a:.80} is not a short name for a full one without a tag", hint=hint
        )
    return full


def _line(data: bytes, number: int) -> int:
    """Of the table [[registry]] with this number."""
    starts = [match.start() for match in _TABLE.finditer(data)]
    return data[: starts[number]].count(b"\n") + 1 if number < len(starts) else 1
