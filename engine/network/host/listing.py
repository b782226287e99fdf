"""Rules of all programs in this namespace, read through libnftables as JSON."""

import ctypes
import json
from collections.abc import Iterable, Sequence
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
        listed = [item["chain"] for item in self._list("list chains") if "chain" in item]
        found = (
            Chain(one["family"], one["table"], one["name"], one.get("hook", ""), one.get("policy", fate.ACCEPT))
            for one in listed
        )
        return [chain for chain in found if _PLAIN.issuperset(chain.table + chain.name)]

    def rules(self, chain: Chain) -> Sequence[Rule]:
        """Those of one chain, in their order; none where it has gone. Raises `EngineError`."""
        if not _PLAIN.issuperset(chain.name):
            return ()
        return [_rule(item["rule"]) for item in self._list(f"list chain {chain}") if "rule" in item]

    def mentions(self, family: str, table: str, text: str) -> bool:
        """Whether this is anywhere in the JSON of a table. Raises `EngineError`."""
        return text in self.run(f"list table {family} {table}")

    def _list(self, command: str) -> list[dict[str, Any]]:
        text = self.run(command)
        try:
            items: list[dict[str, Any]] = json.loads(text or '{"nftables": []}')["nftables"]
        except (ValueError, KeyError) as err:
            raise EngineError("the rules of this host cannot be read: nft's answer is no JSON") from err
        return items


def _rule(listed: dict[str, Any]) -> Rule:
    asked = [one for one in listed.get("expr", ()) if _kind(one) not in _GOING_ON]
    handle, comment = listed["handle"], str(listed.get("comment", ""))
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


def _link(statements: Iterable[dict[str, Any]]) -> tuple[str, bool]:
    """The link of a rule that accepts what comes from one or goes to one, and nothing else; see `native.accept`."""
    match statements:
        case [
            {"match": {"op": "==", "left": {"meta": {"key": "iifname" | "oifname" as key}}, "right": str(link)}},
            *end,
        ]:
            return (link, key == "oifname") if end and _kind(end[0]) == fate.ACCEPT else ("", False)
    return "", False
