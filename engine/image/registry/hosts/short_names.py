"""What a name without a registry may mean in registries.

app:1      an alias of registries.conf, else each of its unqualified-search-registries, else docker.io/library/app:1
"""

from engine.errors import NotFound
from engine.image import reference
from engine.image.reference import Reference
from engine.image.registry.hosts.configuration import Configuration
from engine.image.registry.hosts.configuration_files import load
from engine.image.registry.hosts.endpoints import DOCKER_NAMES


def full_references(text: str, configuration: Configuration | None = None) -> list[Reference]:
    """The full references to try a pull of, in order. Raises InvalidInput, and NotFound where there is none to try."""
    parsed = reference.parse(text)
    if parsed.registry:
        return [*reference.candidates(text)]
    configuration = configuration or load()
    if full := configuration.aliases.get(parsed.path):
        long = reference.parse(full)
        return [parsed._replace(registry=long.registry, path=long.path)]
    if not configuration.search:
        hint = f"write HOST/{parsed.path}, or let unqualified-search-registries in {configuration.origin} name some"
        raise NotFound(f"{parsed.path} names no registry, and none is configured for short names", hint=hint)
    return [_in(host, parsed) for host in configuration.search]


def _in(host: str, parsed: Reference) -> Reference:
    """The name in one registry, as it is written in full: docker.io/library/app."""
    in_library = host in DOCKER_NAMES and "/" not in parsed.path
    return parsed._replace(registry=host, path=f"library/{parsed.path}" if in_library else parsed.path)
