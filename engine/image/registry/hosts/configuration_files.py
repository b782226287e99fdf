"""Reads registries.conf and the files that are dropped in beside it.

    $CONTAINERS_REGISTRIES_CONF, else ~/.config/containers/registries.conf, else /etc/containers/registries.conf
    $CONTAINERS_REGISTRIES_CONF_DIR, else
        /etc/containers/registries.conf.d/*.conf          not where the main file is the user's own
        ~/.config/containers/registries.conf.d/*.conf

Later files win: a list of registries to search replaces the one before, a [[registry]] the one with the same prefix,
an alias the one with the same name.

Source: containers-registries.conf(5), containers-registries.conf.d(5).
"""

import os
from collections.abc import Iterator, Mapping
from typing import Final

from engine.errors import InvalidInput
from engine.image.registry.hosts.configuration import Configuration, Rule
from engine.image.registry.hosts.configuration_text import File, parse
from engine.image.registry.surroundings import config_home
from engine.state import files

FILE_MAX: Final = 1 << 20
"""Bytes."""
ETC: Final = "/etc/containers"
_MAIN: Final = "registries.conf"


def load(environment: Mapping[str, str] = os.environ, etc: str = ETC) -> Configuration:
    """What this user's and the host's files say. Raises InvalidInput, which names the file and the line."""
    configuration = Configuration()
    for path in _paths(environment, etc):
        if (file := _read(path)) is not None:
            configuration = _merged(configuration, file, path)
    return configuration


def _paths(environment: Mapping[str, str], etc: str) -> Iterator[str]:
    """All files, those that win last."""
    home = config_home(environment)
    own = f"{home}/containers" if home else ""
    main = environment.get("CONTAINERS_REGISTRIES_CONF", "")
    main = main or (f"{own}/{_MAIN}" if own and os.path.exists(f"{own}/{_MAIN}") else f"{etc}/{_MAIN}")
    yield main
    if folder := environment.get("CONTAINERS_REGISTRIES_CONF_DIR", ""):
        yield from _dropped_in(folder)
        return
    if main != f"{own}/{_MAIN}":
        yield from _dropped_in(f"{etc}/{_MAIN}.d")
    if own:
        yield from _dropped_in(f"{own}/{_MAIN}.d")


def _dropped_in(folder: str) -> list[str]:
    try:
        names = os.listdir(folder)
    except (FileNotFoundError, NotADirectoryError):
        return []
    return [f"{folder}/{name}" for name in sorted(names) if name.endswith(".conf")]


def _read(path: str) -> File | None:
    try:
        data = files.read(path, limit=FILE_MAX)
    except IsADirectoryError:
        return None
    except (OSError, ValueError) as err:
        raise InvalidInput(f"{path} cannot be read: {err}") from err
    return None if data is None else parse(data, path)


def _merged(before: Configuration, file: File, path: str) -> Configuration:
    rules: dict[str, Rule] = {rule.prefix: rule for rule in (*before.rules, *file.rules)}
    aliases = {**before.aliases, **file.aliases}
    aliases = {name: full for name, full in aliases.items() if full}  # an empty one takes the one before away
    search, origin = (before.search, before.origin) if file.search is None else (file.search, path)
    return Configuration(search, tuple(rules.values()), aliases, origin)
