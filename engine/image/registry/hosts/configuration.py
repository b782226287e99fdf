"""Which hosts are asked for a name: registries.conf as podman and skopeo read it.

    docker.io/library/app:1       longest matching [[registry]]: prefix = "docker.io", location = "hub.example.com"
      -> mirror.example.com:5000/library/app      each [[registry.mirror]] that is for this kind of name, in order
      -> hub.example.com/library/app              the location, last

Names of images stay what they are; only where they are got from changes. Pushes go to the location and to no mirror.

Source: containers-registries.conf(5).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from engine.errors import InvalidInput
from engine.image.reference import DEFAULT_REGISTRY, Reference
from engine.image.registry.hosts.endpoints import DOCKER, DOCKER_NAMES, Endpoint

ALWAYS: Final = "all"
BY_DIGEST: Final = "digest-only"
BY_TAG: Final = "tag-only"
_WILDCARD: Final = "*."


class Mirror(NamedTuple):
    """Another place for what is below a prefix."""

    location: str
    insecure: bool = False
    used: str = ALWAYS


class Rule(NamedTuple):
    """One [[registry]]."""

    prefix: str
    """HOST[:PORT][/PATH], or *.HOST for all hosts below one."""
    location: str = ""
    """Instead of the prefix; empty: no other."""
    insecure: bool = False
    blocked: bool = False
    mirrors: tuple[Mirror, ...] = ()

    def matched(self, name: str) -> str | None:
        """How much of HOST[:PORT]/PATH[:TAG|@DIGEST] the prefix stands for; None where it is another name."""
        if self.prefix.startswith(_WILDCARD):
            host = name.partition("/")[0]
            return host if host.partition(":")[0].endswith(self.prefix[1:]) else None
        rest = name.removeprefix(self.prefix)
        is_below = name.startswith(self.prefix) and (not rest or rest[0] in "/:@")
        return self.prefix if is_below and not (rest.startswith(":") and "/" not in self.prefix) else None

    def is_insecure_at(self, host: str) -> bool:
        """Whether this or a mirror of it leads to a host that need not prove who it is."""
        own = self.location or self.prefix
        places = [(own, self.insecure), *((mirror.location, mirror.insecure) for mirror in self.mirrors)]
        if own.startswith(_WILDCARD):
            places.append((host if self.matched(host) else "", self.insecure))
        return any(insecure and place.partition("/")[0] == host for place, insecure in places)


class Configuration(NamedTuple):
    """What all files say together."""

    search: tuple[str, ...] = (DEFAULT_REGISTRY,)
    """Registries in which a short name is looked for, in order."""
    rules: tuple[Rule, ...] = ()
    aliases: Mapping[str, str] = {}
    """Short names without a tag, and the full names that they mean."""
    origin: str = ""
    """The file that `search` is from; empty where none says anything."""

    def endpoints(self, reference: Reference) -> list[Endpoint]:
        """Where to pull a full reference from, in order. Raises InvalidInput where that is blocked."""
        name, rule = _name(reference), self._rule(reference)
        if rule is None:
            return [_endpoint(name)]
        found = [
            _endpoint(_moved(name, rule, mirror.location), insecure=mirror.insecure, is_mirror=True)
            for mirror in rule.mirrors
            if mirror.used in {ALWAYS, BY_DIGEST if reference.digest else BY_TAG}
        ]
        return [*found, _primary(name, rule)]

    def push_endpoint(self, reference: Reference) -> Endpoint:
        """Where to push a full reference to. Raises InvalidInput where that is blocked."""
        name, rule = _name(reference), self._rule(reference)
        return _primary(name, rule) if rule else _endpoint(name)

    def host_endpoint(self, host: str) -> Endpoint:
        """A registry itself, to log in there: insecure where anything of it is. Raises InvalidInput if blocked."""
        host = DOCKER if host in DOCKER_NAMES else host
        if rule := self._longest(host):
            _refuse_blocked(host, rule)
        return Endpoint(host, insecure=any(rule.is_insecure_at(host) for rule in self.rules))

    def _rule(self, reference: Reference) -> Rule | None:
        rule = self._longest(str(reference))
        if rule:
            _refuse_blocked(str(reference), rule)
        return rule

    def _longest(self, name: str) -> Rule | None:
        matching = [rule for rule in self.rules if rule.matched(name) is not None]
        return max(matching, key=lambda rule: len(rule.prefix), default=None)


def _name(reference: Reference) -> str:
    return f"{reference.registry}/{reference.path}"


def _primary(name: str, rule: Rule) -> Endpoint:
    return _endpoint(_moved(name, rule, rule.location), insecure=rule.insecure)


def _moved(name: str, rule: Rule, location: str) -> str:
    """The name with another location for what the rule's prefix stands for, of which a tag at its end is no part."""
    matched = rule.matched(name)
    if not location:
        return name
    return location + (name.removeprefix(matched) if matched else "")


def _endpoint(name: str, *, insecure: bool = False, is_mirror: bool = False) -> Endpoint:
    host, _, path = name.partition("/")
    if host in DOCKER_NAMES:
        host, path = DOCKER, path if "/" in path else f"library/{path}"
    return Endpoint(host, path, insecure, is_mirror)


def _refuse_blocked(name: str, rule: Rule) -> None:
    if rule.blocked:
        raise InvalidInput(f"{name} is blocked", hint=f"registries.conf has blocked = true for {rule.prefix}")
