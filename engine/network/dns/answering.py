"""What a question about one of our names is answered: pure, whatever the way it came."""

import ipaddress
import random
from collections.abc import Sequence
from typing import Final

from engine.network.dns import message
from engine.network.dns.message import Query, Record
from engine.network.dns.zone import Zone, address_of

_TRANSFERS: Final = (message.AXFR, message.IXFR)


def refusal(query: Query) -> int | None:
    """The code for what is neither answered nor passed on; None: it may be."""
    if query.edns and query.edns.version:
        return message.BADVERS
    if query.category != message.IN or query.kind in _TRANSFERS:
        return message.REFUSED
    return None


def records(query: Query, zone: Zone) -> list[Record] | None:
    """What we know; none where the name has no such record; None where the name is not ours.

    A name of ours is never asked elsewhere, whatever the type: nobody outside is told what containers are called.
    """
    addresses = zone.addresses(query.name)
    if addresses is not None:
        return _of_addresses(query.kind, addresses)
    address = address_of(query.name)
    name = zone.name_of(address) if address else None
    if name is None:
        return None
    return _of_name(name) if query.kind in (message.PTR, message.ANY) else []


def _of_addresses(kind: int, addresses: Sequence[str]) -> list[Record]:
    """In another order each time, so that who takes the first one spreads what he asks. ANY: one kind is enough."""
    found = [_record(address) for address in addresses]
    if kind == message.ANY:
        kind = min((record.kind for record in found), default=message.A)
    chosen = [record for record in found if record.kind == kind]
    random.shuffle(chosen)
    return chosen


def _record(address: str) -> Record:
    packed = ipaddress.ip_address(address).packed
    return Record(message.A if len(packed) == 4 else message.AAAA, packed)


def _of_name(name: str) -> list[Record]:
    try:
        return [Record(message.PTR, message.encode_name(name))]
    except message.Malformed:
        return []  # a name that is no host's
