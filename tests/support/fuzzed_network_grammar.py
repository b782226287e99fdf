"""What atheris runs: what is typed of subnets and addresses, and records of networks. A process: it ends it.

    PYTHONPATH=tests python -m support.fuzzed_network_grammar -runs=20000 FOLDER_OF_EXAMPLES

The first byte says which reader gets the others.
"""

import tempfile
from contextlib import suppress
from ipaddress import ip_address, ip_network
from pathlib import Path

import atheris
from support import fuzzing

with atheris.instrument_imports(include=["engine.network.subnets", "engine.network.addressing", "engine.supervise"]):
    import msgspec

    from engine.errors import EngineError
    from engine.network import addressing, subnets
    from engine.supervise.networks.planning import Place, plan
    from engine.supervise.networks.requests import NewNetwork
    from engine.supervise.networks.store import Networks

FOLDER = Path(tempfile.mkdtemp())
PLACE = Place("a" * 64, "qd0123456789", 7, b"seed")
REQUEST = msgspec.json.Decoder(NewNetwork)
ID = "a" * 64


def _subnet(data: bytes) -> None:
    found = subnets.check_subnet(subnets.parse_subnet(data.decode("latin-1")))
    assert ip_network(str(found)) == found
    subnets.check_gateway(subnets.gateway_of(found), found)


def _address(data: bytes) -> None:
    found = subnets.parse_address(data.decode("latin-1"))
    assert ip_address(str(found)) == found
    assert int(addressing.mac_of(str(found))[:2], 16) & 3 == 2


def _request(data: bytes) -> None:
    """Whatever is accepted is whole: its gateway and what is chosen are in its subnet."""
    with suppress(msgspec.MsgspecError, UnicodeDecodeError):
        network = plan(REQUEST.decode(data), PLACE, {})
        for subnet, gateway in ((network.subnet, network.gateway), (network.subnet6, network.gateway6)):
            assert not subnet or ip_address(gateway) in ip_network(subnet)
        with suppress(EngineError):
            assert ip_address(addressing.allocate(network, set())) in ip_network(network.ip_range or network.subnet)


def _record(data: bytes) -> None:
    """A record that was written by somebody else is passed over, or is a network that can be used."""
    (FOLDER / f"{ID}.json").write_bytes(data)
    networks = Networks(str(FOLDER), "")
    for network in networks.all():
        with suppress(EngineError):
            networks.lease(network, {})


READERS: tuple[fuzzing.Reader, ...] = (_subnet, _address, _request, _record)


if __name__ == "__main__":
    fuzzing.main(fuzzing.choose(READERS))
