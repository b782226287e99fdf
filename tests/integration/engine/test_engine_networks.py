"""Networks on record, from the command to the disk and back: what is chosen, refused, kept and removed."""

import json
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from support.deck import Deck, Outcome

from engine.errors import NotFound

BASE = "localhost/base"
SUBNET = "10.237.0.0/24"


@pytest.fixture(autouse=True)
def _no_network_stays(deck: Deck) -> Iterator[None]:
    yield
    deck.remove_all()
    deck.out("network", "prune", "-f")
    assert deck.out("network", "ls", "--format", "{{.Name}}").split() == ["bridge", "host", "none"]


def inspected(out: Callable[..., str], name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(out("network", "inspect", name))[0]
    return found


def test_a_network_is_made_listed_shown_and_removed(deck: Deck, out: Callable[..., str]) -> None:
    network_id = out("network", "create", "--subnet", SUBNET, "--label", "team=blue", "app").strip()
    assert len(network_id) == 64
    assert out("network", "ls", "-q", "-f", "label=team=blue").strip() == network_id[:12]
    shown = inspected(out, network_id[:8])
    assert shown["IPAM"]["Config"] == [{"Subnet": SUBNET, "Gateway": "10.237.0.1"}]
    assert (shown["Driver"], shown["Containers"]) == ("bridge", {})
    assert Path(deck.paths.networks, f"{network_id}.json").stat().st_mode & 0o777 == 0o600
    assert out("network", "rm", "app") == "app\n"
    assert not Path(deck.paths.networks, f"{network_id}.json").exists()
    assert out("network", "rm", "-f", "app") == "app\n"


def test_a_chosen_subnet_clashes_with_nothing_of_the_host(out: Callable[..., str]) -> None:
    out("network", "create", "--ipv6", "one")
    out("network", "create", "--ipv6", "two")
    configs = [config["Subnet"] for name in ("one", "two") for config in inspected(out, name)["IPAM"]["Config"]]
    found = [ip_network(text) for text in configs]
    assert len({*found}) == 4
    routes = [line.split() for line in Path("/proc/net/route").read_text().splitlines()[1:]]
    for _link, destination, *_more, mask, _mtu, _window, _irtt in routes:
        prefix = int(mask, 16).bit_count()
        taken = ip_network((int.from_bytes(bytes.fromhex(destination)[::-1], "big"), prefix))
        assert prefix < 4 or not any(one.version == 4 and one.overlaps(taken) for one in found)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--subnet", "127.0.0.0/16", "bad"), "loopback"),
        (("--subnet", SUBNET, "--gateway", "10.9.9.9", "bad"), "not in the subnet"),
        (("-d", "macvlan", "bad"), "-o parent="),
        (("-d", "macvlan", "-o", "parent=nothing0", "bad"), "no link nothing0"),
        (("-d", "host", "bad"), "--network host"),
        (("host",), "already"),
        (("a/b",), "cannot be a network's name"),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(
    words: tuple[str, ...], told: str, deck: Deck, qd: Callable[..., Outcome]
) -> None:
    refused = qd("network", "create", *words)
    assert (refused.code, told in refused.err) == (125, True), refused.err
    assert "hint: " in refused.err
    with pytest.raises(NotFound):
        deck.engine.network("bad")


def test_a_container_keeps_its_network_and_its_address(out: Callable[..., str], qd: Callable[..., Outcome]) -> None:
    out("network", "create", "--subnet", SUBNET, "app")
    out("create", "--name", "web", "--network", "app", BASE, "true")
    first = inspected(out, "app")["Containers"]
    assert [(one["Name"], one["IPv4Address"]) for one in first.values()] == [("web", "10.237.0.2/24")]
    assert list(first) == [out("inspect", "-f", "{{.Id}}", "web").strip()]
    refused = qd("network", "rm", "app")
    assert (refused.code, "in use by web" in refused.err) == (125, True)
    assert out("network", "prune", "-f") == ""
    assert out("network", "rm", "--force", "app") == "app\n"
    assert out("inspect", "-f", "{{json .NetworkSettings.Networks}}", "web").strip() == "{}"


def test_containers_are_connected_and_disconnected_while_they_do_not_run(
    deck: Deck, out: Callable[..., str], qd: Callable[..., Outcome]
) -> None:
    out("network", "create", "--subnet", SUBNET, "app")
    out("create", "--name", "web", BASE, "true")
    out("network", "connect", "--ip", "10.237.0.77", "--alias", "www", "app", "web")
    (place,) = deck.engine.network("app").containers.values()
    assert (place.address, place.aliases, place.interface) == ("10.237.0.77", ("www",), "eth1")
    out("create", "--name", "other", BASE, "true")
    refused = qd("network", "connect", "--ip", "10.237.0.77", "app", "other")
    assert "taken by container web" in refused.err
    assert "already" in qd("network", "connect", "app", "web").err
    out("network", "disconnect", "app", "web")
    assert deck.engine.network("app").containers == {}
    assert "not connected" in qd("network", "disconnect", "app", "web").err


def test_many_creates_at_once_never_get_one_address(deck: Deck, out: Callable[..., str]) -> None:
    out("network", "create", "--subnet", "10.237.0.0/27", "app")
    with ThreadPoolExecutor(8) as pool:
        done = list(
            pool.map(lambda n: deck.qd("create", "--name", f"c{n}", "--network", "app", BASE, "true"), range(29))
        )
    assert [one.code for one in done] == [0] * 29, [one.err for one in done if one.code]
    places = deck.engine.network("app").containers.values()
    assert len({place.address for place in places}) == len({place.mac for place in places}) == 29
    full = deck.qd("create", "--name", "late", "--network", "app", BASE, "true")
    assert (full.code, "no free address" in full.err) == (125, True)
    out("rm", "c7")
    out("create", "--name", "late", "--network", "app", BASE, "true")


def test_networks_and_addresses_outlive_the_supervisor(own_deck: Deck) -> None:
    own_deck.out("network", "create", "--subnet", SUBNET, "--ipv6", "app")
    own_deck.out("create", "--name", "web", "--network", "app", BASE, "true")
    before = own_deck.engine.network("app")
    os.kill(own_deck.engine.info().supervisor_pid, signal.SIGKILL)
    assert json.loads(own_deck.out("network", "inspect", "app"))[0]["Containers"]
    own_deck.engine.close()
    assert own_deck.engine.network("app") == before


def test_what_happens_to_networks_is_in_the_journal(deck: Deck, out: Callable[..., str]) -> None:
    network_id = out("network", "create", "app").strip()
    out("create", "--name", "web", BASE, "true")
    out("network", "connect", "app", "web")
    out("network", "disconnect", "app", "web")
    out("network", "rm", "app")
    lines = out(
        "events", "--since", "1h", "--until", "0s", "-f", f"network={network_id[:12]}", "--format", "{{.Action}}"
    )
    assert lines.split() == ["create", "connect", "disconnect", "destroy"]


def test_a_system_prune_takes_networks_along_and_says_so(out: Callable[..., str]) -> None:
    out("network", "create", "app")
    out("create", "--name", "web", "--network", "app", BASE, "true")
    said = out("system", "prune", "-f")
    assert "Deleted Networks:\napp\n" in said
    assert out("network", "ls", "-q", "-f", "type=custom") == ""


def test_the_default_network_is_as_it_was_asked_to_be(own_deck: Deck) -> None:
    own_deck.out("network", "create", "--subnet", SUBNET, "--mtu", "1400", "bridge")
    own_deck.out("create", "--name", "web", BASE, "true")
    assert own_deck.engine.container("web").endpoints[0].address == "10.237.0.2"
    refused = own_deck.qd("network", "create", "bridge")
    assert (refused.code, "in use by web" in refused.err) == (125, True)
    own_deck.out("rm", "web")
    own_deck.out("network", "create", "bridge")
    assert own_deck.engine.network("bridge").subnet != SUBNET


def test_the_bridge_goes_with_its_network_and_the_interface_with_its_connection(
    deck: Deck, out: Callable[..., str], qd: Callable[..., Outcome], idle: Callable[..., str]
) -> None:
    out("network", "create", "--subnet", SUBNET, "app")
    bridge = Path("/sys/class/net", deck.engine.network("app").link)
    assert not bridge.exists()
    idle("web", "--network", "app")
    assert bridge.exists()
    assert "in use by web" in qd("network", "rm", "-f", "app").err
    out("network", "disconnect", "app", "web")
    assert "eth0" not in out("exec", "web", "ls", "/sys/class/net")
    out("network", "connect", "--ip", "10.237.0.9", "app", "web")
    assert "10.237.0.9/24" in out("exec", "web", "ip", "-4", "addr", "show", "dev", "eth0")
    out("rm", "-f", "web")
    out("network", "rm", "app")
    assert not bridge.exists()
