"""The keys under which a registry's credentials may lie, likeliest first.

registry.example.com/team/app, registry.example.com/team, registry.example.com
https://index.docker.io/v1/          Docker Hub, as Docker has always written it; docker.io as podman does
https://registry.example.com/v2/     others, as older programs wrote them
"""

from collections.abc import Mapping
from typing import Any, Final

from engine.image.registry.hosts.endpoints import DOCKER, DOCKER_NAMES

DOCKER_SERVER: Final = "https://index.docker.io/v1/"


def keys(host: str, repository: str = "") -> list[str]:
    """HOST[:PORT][/PATH], from all of the path to none."""
    parts = [normal(host), *repository.split("/")] if repository else [normal(host)]
    return ["/".join(parts[:count]) for count in range(len(parts), 0, -1)]


def normal(key: str) -> str:
    """One form for all that mean the same: without a scheme, without the API's version, Docker Hub as docker.io."""
    rest = key
    for scheme in ("https://", "http://"):
        if key.lower().startswith(scheme):
            rest = key[len(scheme) :].partition("/")[0]  # behind a scheme stands a server, and no path of an image
    host, slash, path = rest.rstrip("/").partition("/")
    return f"{DOCKER if host in DOCKER_NAMES else host}{slash}{path}"


def found(table: Mapping[str, Any], wanted: list[str]) -> tuple[str, Any] | None:
    """The first of the wanted keys that the table has in any form, as it stands there, with its value."""
    by_normal = {normal(key): key for key in table}
    key = next((by_normal[key] for key in wanted if key in by_normal), None)
    return None if key is None else (key, table[key])


def servers(host: str) -> list[str]:
    """What credential helpers may know a registry as."""
    return [DOCKER_SERVER, DOCKER] if normal(host) == DOCKER else [host]
