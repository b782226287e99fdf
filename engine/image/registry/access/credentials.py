"""Who this user is at a registry: looked up, kept and forgotten where Docker and podman do it.

    in each file, in order:   credHelpers of the registry, and nothing else then
                              auths, the most specific key first
                              credsStore

A file that is not there is none; the first one that knows somebody counts.
"""

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from engine.errors import InvalidInput
from engine.image.registry.access import credential_files as auth_files
from engine.image.registry.access import credential_keys
from engine.image.registry.access.credential_files import Document, Warn
from engine.image.registry.access.credential_helpers import Helper, NoHelper
from engine.image.registry.access.tokens import Credentials
from engine.image.registry.http.retries import Say

__all__ = ["Credentials", "Erased", "erase", "erase_all", "lookup", "store"]


class Erased(NamedTuple):
    """What a logout did."""

    path: str
    """The file that it is about."""
    hosts: tuple[str, ...]
    """Which registries are forgotten."""
    remaining: tuple[str, ...]
    """Other files that still know one of them."""


def silent(_event: dict[str, Any]) -> None:
    """Tell nobody."""


def lookup(
    host: str,
    repository: str = "",
    *,
    authfile: str = "",
    environment: Mapping[str, str] = os.environ,
    say: Say = silent,
) -> Credentials | None:
    """Who to be at a registry for one of its repositories; None: nobody.

    `say` is told `{"warning": words}` of files that others may read, and of helpers that are not installed.
    Raises InvalidInput for damaged files, EngineError for helpers that fail.
    """

    def warn(words: str) -> None:
        say({"warning": words})

    for path in auth_files.readable(environment, authfile):
        document = auth_files.read(path, warn)
        if found := _in_document(document, path, host, repository, warn):
            return found
    return None


def store(
    host: str, credentials: Credentials, *, authfile: str = "", environment: Mapping[str, str] = os.environ
) -> tuple[str, str]:
    """Keep them: the file, and the name of the helper that really has them, or empty. Raises EngineError."""
    path = auth_files.writable(environment, authfile)
    with auth_files.changing(path) as document:
        helper = _helper_of(document, path, host) or _common_helper(document, path)
        if helper:
            helper.store(credential_keys.servers(host)[0], credentials)
        auths = auth_files.table(document, "auths", path)
        old = credential_keys.found(auths, credential_keys.keys(host)[:1])
        key = old[0] if old else _key(host, path, environment)
        document["auths"] = {**auths, key: {} if helper else auth_files.entry_of(credentials)}
    return path, helper.name if helper else ""


def erase(host: str, *, authfile: str = "", environment: Mapping[str, str] = os.environ) -> Erased:
    """Forget what a login to this registry has kept. Raises EngineError."""
    path = auth_files.writable(environment, authfile)
    if not os.path.exists(path):
        return Erased(path, (), _elsewhere(host, path, authfile, environment))
    with auth_files.changing(path) as document:
        was_there = _erased(document, path, host)
    return Erased(path, (host,) if was_there else (), _elsewhere(host, path, authfile, environment))


def erase_all(*, authfile: str = "", environment: Mapping[str, str] = os.environ) -> Erased:
    """Forget all logins of one file. Raises EngineError."""
    path = auth_files.writable(environment, authfile)
    if not os.path.exists(path):
        return Erased(path, (), ())
    with auth_files.changing(path) as document:
        tables = (auth_files.table(document, key, path) for key in ("auths", "credHelpers"))
        hosts = tuple(dict.fromkeys(credential_keys.normal(key) for table in tables for key in table))
        erased = tuple(host for host in hosts if _erased(document, path, host))
    return Erased(path, erased, ())


def _in_document(document: Document, path: str, host: str, repository: str, warn: Warn) -> Credentials | None:
    if helper := _helper_of(document, path, host, repository):
        return _from_helper(helper, host)
    auths = auth_files.table(document, "auths", path)
    for key in credential_keys.keys(host, repository):
        entry = credential_keys.found(auths, [key])
        if entry and (kept := auth_files.read_entry(entry[1], f"the entry {entry[0]!a:.80} of {path}")):
            return kept
    if common := _common_helper(document, path):
        try:
            return _from_helper(common, host)
        except NoHelper as err:
            warn(f"{err.message}, which {path} names for all registries: going on without a login")
    return None


def _from_helper(helper: Helper, host: str) -> Credentials | None:
    answers = (helper.get(server) for server in credential_keys.servers(host))
    return next((found for found in answers if found), None)


def _helper_of(document: Document, path: str, host: str, repository: str = "") -> Helper | None:
    """The one for this registry alone. An empty name: none for this one, whatever there is for all."""
    helpers = auth_files.table(document, "credHelpers", path)
    entry = credential_keys.found(helpers, credential_keys.keys(host, repository))
    return Helper(_text(entry[1], path)) if entry and entry[1] else None


def _common_helper(document: Document, path: str) -> Helper | None:
    name = document.get("credsStore")
    return Helper(_text(name, path)) if name else None


def _text(name: object, path: str) -> str:
    if not isinstance(name, str):
        raise InvalidInput(f"{path} is damaged: the name of a credential helper is no text", hint="mend it")
    return name


def _erased(document: Document, path: str, host: str) -> bool:
    """Whether anything was there."""
    helper = _helper_of(document, path, host) or _common_helper(document, path)
    was_kept = [helper.erase(server) for server in credential_keys.servers(host)] if helper else []
    auths = auth_files.table(document, "auths", path)
    gone = [key for key in auths if credential_keys.normal(key) == credential_keys.normal(host)]
    if gone:
        document["auths"] = {key: entry for key, entry in auths.items() if key not in gone}
    return any(was_kept) or bool(gone)


def _elsewhere(host: str, path: str, authfile: str, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Other files that know this registry, so that a logout is not all there was to forget."""
    others = [other for other in auth_files.readable(environment, authfile) if other != path]
    tables = [(other, auth_files.table(auth_files.read(other), "auths", other)) for other in others]
    return tuple(other for other, table in tables if credential_keys.found(table, credential_keys.keys(host)))


def _key(host: str, path: str, environment: Mapping[str, str]) -> str:
    """Docker knows Docker Hub by an address; podman reads that, too, but writes the name."""
    is_dockers = path == auth_files.docker_file(environment)
    return credential_keys.servers(host)[0] if is_dockers else credential_keys.normal(host)
