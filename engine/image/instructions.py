"""Instructions of a Dockerfile, applied to the config of an image: `commit --change`, `import --change`.

Each changes what containers of the image start with, and nothing in a layer. Variables in them are those of the
image's own environment.

Source: Dockerfile reference; docker-commit(1), docker-import(1), "--change".
"""

import posixpath
import re
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from engine.errors import InvalidInput
from engine.image.dockerfile import healthcheck, lines, words
from engine.image.dockerfile.lines import Line
from engine.model.value import Value

_SHELL: Final = ("/bin/sh", "-c")
_PORT: Final = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?(?:/(tcp|udp|sctp))?", re.ASCII | re.IGNORECASE)
_PORT_MAX: Final = 65535
_NO_TRIGGERS: Final = frozenset({"ONBUILD", "FROM", "MAINTAINER"})


def apply(config: Mapping[str, Any], instructions: Sequence[str]) -> dict[str, Any]:
    """The `config` object of an image config (Env, Cmd, ...) with the instructions applied, one after the other.

    Raises InvalidInput, which names the instruction.
    """
    _check_fields(config)
    changed, done = dict(config), set[str]()
    for line in lines.read(list(instructions)):
        if line.name not in _KINDS:
            raise InvalidInput(
                f"{line.name[:30]!r} cannot change the config of an image",
                hint=f"what can: {', '.join(sorted(_KINDS))}",
            )
        try:
            _KINDS[line.name](changed, _checked(line))
        except InvalidInput as err:
            raise InvalidInput(f"the change {line.name} is wrong: {err.message}", hint=err.hint) from err
        if line.name == "ENTRYPOINT" and "CMD" not in done:
            changed.pop("Cmd", None)  # the old one was made for the old entrypoint
        done.add(line.name)
    return changed


class _Fields(Value, frozen=True, kw_only=True, rename="pascal"):
    """The fields that are read before they are changed; an image may hold anything there."""

    env: list[str] | None = None
    labels: dict[str, str] | None = None
    exposed_ports: dict[str, Any] | None = None
    volumes: dict[str, Any] | None = None
    working_dir: str | None = None
    on_build: list[str] | None = None
    shell: list[str] | None = None


def _check_fields(config: Mapping[str, Any]) -> None:
    try:
        msgspec.convert(dict(config), type=_Fields)
    except msgspec.ValidationError as err:
        raise InvalidInput(f"the config of the image is damaged: {err}", hint="get the image again") from err


def _checked(line: Line) -> str:
    if not line.rest:
        raise InvalidInput("it says nothing", hint=f"write what it is to be: {line.name} ...")
    return line.rest


def _command(field: str) -> Callable[[dict[str, Any], str], None]:
    """CMD and ENTRYPOINT: a JSON list is executed as it is, anything else by a shell."""

    def change(config: dict[str, Any], rest: str) -> None:
        found = lines.json_words(rest)
        config[field] = [*(config.get("Shell") or _SHELL), rest] if found is None else found
        if found == []:
            del config[field]

    return change


def _environment(config: dict[str, Any], rest: str) -> None:
    values = _variables(config)
    for name, value in _pairs(rest, dict(values)):
        values[name] = value
    config["Env"] = [f"{name}={value}" for name, value in values.items()]


def _labels(config: dict[str, Any], rest: str) -> None:
    config["Labels"] = {**(config.get("Labels") or {}), **dict(_pairs(rest, _variables(config)))}


def _ports(config: dict[str, Any], rest: str) -> None:
    variables, ports = _variables(config), dict(config.get("ExposedPorts") or {})
    for word in words.split(rest):
        for port in words.expand_words(word, variables):
            ports |= {key: {} for key in _port_range(port)}
    config["ExposedPorts"] = ports


def _volumes(config: dict[str, Any], rest: str) -> None:
    found = lines.json_words(rest)
    variables = _variables(config)
    paths = [words.expand(word, variables).strip() for word in (words.split(rest) if found is None else found)]
    if not paths or "" in paths:
        raise InvalidInput("the path of a volume is empty", hint="for example: VOLUME /data")
    config["Volumes"] = {**(config.get("Volumes") or {}), **{path: {} for path in paths}}


def _user(config: dict[str, Any], rest: str) -> None:
    config["User"] = _one(rest, config)


def _folder(config: dict[str, Any], rest: str) -> None:
    folder = posixpath.join("/", config.get("WorkingDir") or "/", _one(rest, config))
    config["WorkingDir"] = "/" + posixpath.normpath(folder).lstrip("/")


def _stop_signal(config: dict[str, Any], rest: str) -> None:
    name = _one(rest, config)
    known = {entry.name for entry in signal.Signals} | {entry.name.removeprefix("SIG") for entry in signal.Signals}
    if name.upper() not in known and not (name.isdecimal() and len(name) < 3 and 0 < int(name) < signal.NSIG):
        raise InvalidInput(f"there is no signal {name[:32]!r}", hint="name one, such as SIGTERM or SIGQUIT")
    config["StopSignal"] = name


def _health(config: dict[str, Any], rest: str) -> None:
    config["Healthcheck"] = healthcheck.parse(rest)


def _trigger(config: dict[str, Any], rest: str) -> None:
    name = rest.split(None, 1)[0].upper()
    if name in _NO_TRIGGERS:
        raise InvalidInput(f"{name} cannot wait for a build", hint="another instruction can: ONBUILD RUN ...")
    config["OnBuild"] = [*(config.get("OnBuild") or []), rest]


_KINDS: Final[Mapping[str, Callable[[dict[str, Any], str], None]]] = {
    "CMD": _command("Cmd"),
    "ENTRYPOINT": _command("Entrypoint"),
    "ENV": _environment,
    "EXPOSE": _ports,
    "HEALTHCHECK": _health,
    "LABEL": _labels,
    "ONBUILD": _trigger,
    "STOPSIGNAL": _stop_signal,
    "USER": _user,
    "VOLUME": _volumes,
    "WORKDIR": _folder,
}


def _variables(config: Mapping[str, Any]) -> dict[str, str]:
    pairs = (entry.partition("=") for entry in config.get("Env") or [])
    return {name: value for name, _, value in pairs}


def _pairs(rest: str, variables: Mapping[str, str]) -> list[tuple[str, str]]:
    """`NAME=VALUE` words; where the first has no `=`, the old form: one name, and the rest of the line as its value."""
    found = words.split(rest)
    if "=" not in found[0]:
        name, *value = rest.split(None, 1)
        if not value:
            raise InvalidInput(f"{name[:60]!r} has no value", hint="write NAME=VALUE")
        return [(words.expand(name, variables), words.expand(value[0], variables))]
    return [_pair(word, variables) for word in found]


def _pair(word: str, variables: Mapping[str, str]) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    name = words.expand(name, variables)
    if not equals or not name:
        raise InvalidInput(f"{word[:60]!r} is not NAME=VALUE", hint="put a value with blanks into quotes")
    return name, words.expand(value, variables)


def _port_range(text: str) -> list[str]:
    """`80`, `80/udp`, `8000-8010`: each port with its protocol."""
    match = _PORT.fullmatch(text)
    if match is not None:
        first, last = int(match[1]), int(match[2] or match[1])
        if 0 < first <= last <= _PORT_MAX:
            return [f"{port}/{(match[3] or 'tcp').lower()}" for port in range(first, last + 1)]
    raise InvalidInput(f"{text[:60]!r} is not a port", hint="for example: EXPOSE 80 53/udp 8000-8010")


def _one(rest: str, config: Mapping[str, Any]) -> str:
    """The whole line as one word."""
    word = words.expand(rest, _variables(config))
    if not word:
        raise InvalidInput("its value is empty", hint="is a variable in it unset?")
    return word
