"""Logins: tried at the registry first, then kept.

Source: distribution-spec 1.1, "Determining Support": /v2/ answers 200 to who may talk to it.
"""

import os
from collections.abc import Mapping
from typing import Any, Final

from engine.errors import EngineError, InvalidInput, NotFound
from engine.image import reference
from engine.image.registry.access import credentials as kept
from engine.image.registry.access.tokens import Credentials
from engine.image.registry.hosts.configuration_files import load
from engine.image.registry.hosts.endpoints import DOCKER, DOCKER_NAMES
from engine.image.registry.http.answers import Denied
from engine.image.registry.http.retries import Patience, Say
from engine.image.registry.http.transport import Registry

_PATIENCE: Final = Patience()
_OK: Final = 200
_SECRET_MAX: Final = 16 << 10
"""Characters; tokens of some clouds are long, but a header has an end."""


def login(
    place: str,
    username: str,
    password: str,
    *,
    authfile: str = "",
    tls_verify: bool | None = None,
    cert_dir: str | None = None,
    environment: Mapping[str, str] = os.environ,
    patience: Patience = _PATIENCE,
    say: Say = kept.silent,
) -> dict[str, Any]:
    """Log in to HOST[:PORT][/PATH], Docker Hub where `place` is empty: `{"host", "username", "file", "helper"}`.

    `helper` names the program that keeps the password; it is empty where the file has it, readable by its owner alone.
    Raises Denied where the registry does not know them, InvalidInput, Unreachable.
    """
    host = place_of(place)
    credentials = _checked(username, password)
    endpoint = load(environment).host_endpoint(host.partition("/")[0])
    with Registry(
        endpoint, credentials=credentials, tls_verify=tls_verify, cert_dir=cert_dir, patience=patience, say=say
    ) as registry:
        try:
            registry.request("GET", "/v2/", expected={_OK}, what="API")
        except Denied as err:
            raise _wrong(host, username, err) from err
    path, helper = kept.store(host, credentials, authfile=authfile, environment=environment)
    return {"host": host, "username": username, "file": path, "helper": helper}


def logout(
    place: str, *, authfile: str = "", everywhere: bool = False, environment: Mapping[str, str] = os.environ
) -> dict[str, Any]:
    """Forget a login, or with `everywhere` all: `{"hosts": [...], "file", "remaining": files that still know it}`.

    Raises NotFound where there was none.
    """
    if everywhere:
        done = kept.erase_all(authfile=authfile, environment=environment)
    else:
        host = place_of(place)
        done = kept.erase(host, authfile=authfile, environment=environment)
        if not done.hosts:
            raise _not_logged_in(host, done)
    return {"hosts": list(done.hosts), "file": done.path, "remaining": list(done.remaining)}


def place_of(text: str) -> str:
    """What people type for a registry, as a key: HOST[:PORT][/PATH]. Raises InvalidInput."""
    place = text.strip().removeprefix("https://").removeprefix("http://").rstrip("/")
    host, slash, path = (place or DOCKER).partition("/")
    if path in {"v1", "v2"}:
        slash = path = ""
    try:
        marked = host if ":" in host.rpartition("]")[2] else f"{host}:443"  # with a port it is a host in any case
        is_right = reference.parse(f"{marked}/{path or 'name'}").path == (path or "name")
    except EngineError:
        is_right = False
    if not is_right:
        raise InvalidInput(f"{text!a:.80} is no registry", hint="HOST, HOST:PORT or HOST:PORT/PATH")
    return f"{DOCKER if host in DOCKER_NAMES else host}{slash}{path}"


def _checked(username: str, password: str) -> Credentials:
    if not username or not password:
        raise InvalidInput("a login has a user name and a password", hint="qd login -u USER --password-stdin HOST")
    if ":" in username or not username.isprintable():
        raise InvalidInput("the user name has a colon or a control character in it", hint="check what was pasted")
    if not password.isprintable() or len(username) + len(password) > _SECRET_MAX:
        raise InvalidInput("the password has a control character in it, or is too long", hint="check what was pasted")
    return Credentials(username, password)


def _wrong(host: str, username: str, err: Denied) -> Denied:
    return Denied(
        f"{host} does not let {username!a:.80} in: {err.message}", hint="check the user name and the password"
    )


def _not_logged_in(host: str, done: kept.Erased) -> NotFound:
    if done.remaining:
        return NotFound(
            f"{done.path} has no login to {host}", hint=f"{', '.join(done.remaining)} has one: --authfile FILE"
        )
    return NotFound(f"nobody is logged in to {host}", hint="qd login lets somebody in")
