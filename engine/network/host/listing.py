"""Rules of all programs in this namespace, read through libnftables as JSON. Source: libnftables-json(5)."""

import ctypes
import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from engine.errors import EngineError
from engine.network.host import fate
from engine.network.host.fate import Rule
from engine.network.table import libnftables

# nftables/libnftables.h
_OUTPUT_HANDLE: Final = 1 << 3
_OUTPUT_JSON: Final = 1 << 4

_GOING_ON: Final = frozenset({"counter", "log", "mangle"})
"""Statements that neither ask nor decide anything."""
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")


class Chain(NamedTuple):
    """A chain, or a base chain: one to which the kernel brings packets."""

    family: str
    table: str
    name: str
    hook: str = ""
    policy: str = fate.ACCEPT

    def __str__(self) -> str:
        return f"{self.family} {self.table} {self.name}"


class Reader(libnftables.Nft):
    """A context whose lists are JSON with handles; it takes commands as text."""

    def __init__(self) -> None:
        """Raises: MissingFeature, OSError."""
        super().__init__()
        library = ctypes.CDLL(libnftables.LIBRARY)
        library.nft_ctx_output_set_flags.argtypes = [ctypes.c_void_p, ctypes.c_uint]
        library.nft_ctx_output_set_flags(self._context, _OUTPUT_JSON | _OUTPUT_HANDLE)

    def chains(self) -> list[Chain]:
        """All of them, without their rules. Raises `EngineError`."""
        return parse_chains(self.run("list chains"))

    def rules(self, chain: Chain) -> Sequence[Rule]:
        """Those of one chain, in their order. Raises `EngineError`."""
        return parse_rules(self.run(f"list chain {chain}")) if _PLAIN.issuperset(chain.name) else ()

    def mentions(self, family: str, table: str, text: str) -> bool:
        """Whether this is anywhere in the JSON of a table. Raises `EngineError`."""
        return text in self.run(f"list table {family} {table}")


def parse_chains(text: str) -> list[Chain]:
    """Those whose names need no quotes. Raises `EngineError`."""
    try:
        found = [_chain(listed) for listed in _items(text, "chain")]
    except (LookupError, TypeError, AttributeError) as err:
        raise _unreadable() from err
    return [chain for chain in found if _PLAIN.issuperset(chain.table + chain.name)]


def parse_rules(text: str) -> list[Rule]:
    """Those of one chain. Raises `EngineError`."""
    try:
        return [_rule(listed) for listed in _items(text, "rule")]
    except (LookupError, TypeError, AttributeError) as err:
        raise _unreadable() from err


def _items(text: str, kind: str) -> list[dict[str, Any]]:
    """What it lists of one kind."""
    try:
        return [item[kind] for item in json.loads(text or '{"nftables": []}')["nftables"] if kind in item]
    except ValueError as err:
        raise _unreadable() from err


def _unreadable() -> EngineError:
    return EngineError("the rules of this host cannot be read: nft's answer is not what it should be")


def _chain(listed: dict[str, Any]) -> Chain:
    hook, policy = listed.get("hook", ""), listed.get("policy", fate.ACCEPT)
    return Chain(str(listed["family"]), str(listed["table"]), str(listed["name"]), str(hook), str(policy))


def _rule(listed: dict[str, Any]) -> Rule:
    asked = [one for one in listed.get("expr", ()) if _kind(one) not in _GOING_ON]
    handle, comment = int(listed["handle"]), str(listed.get("comment", ""))
    if len(asked) == 1:
        verdict, target = _verdict(asked[0])
        return Rule(handle, verdict, target, comment)
    link, inward = _link(asked)
    return Rule(handle, comment=comment, link=link, inward=inward)


def _kind(statement: dict[str, Any]) -> str:
    return next(iter(statement), "")


def _verdict(statement: dict[str, Any]) -> tuple[str, str]:
    """Of a statement that stands alone: what it decides, and the chain that it leads to."""
    kind = _kind(statement)
    if kind in (fate.JUMP, fate.GOTO):
        return kind, str(statement[kind]["target"])
    if kind in ("drop", "reject") or (kind == "xt" and statement["xt"].get("name") in ("DROP", "REJECT")):
        return fate.DROP, ""
    return (kind, "") if kind in (fate.ACCEPT, fate.RETURN) else ("", "")


def _link(statements: list[dict[str, Any]]) -> tuple[str, bool]:
    """The link of a rule that accepts what comes from one or goes to one, and asks for nothing else."""
    match statements:
        case [
            {"match": {"op": "==", "left": {"meta": {"key": "iifname" | "oifname" as key}}, "right": str(link)}},
            {"accept": None},
        ]:
            return link, key == "oifname"
    return "", False
