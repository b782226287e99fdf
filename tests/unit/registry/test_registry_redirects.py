"""Where a registry may send one, and where not."""

import httpx
import pytest

from engine.errors import InvalidInput
from engine.image.registry.hosts.endpoints import Endpoint, is_loopback, is_private_to_host, name_of
from engine.image.registry.http.redirects import address, can_follow, origin, target

PUBLIC = httpx.URL("https://registry.example.com/v2/")


def led(location: str, *, came_from: str = "https://registry.example.com/v2/app/blobs/x", registry: str = "") -> str:
    answer = httpx.Response(307, headers={"Location": location}, request=httpx.Request("GET", came_from))
    return str(target(answer, httpx.URL(registry) if registry else PUBLIC))


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("https://cdn.example.net/blob?sig=a%2Fb", "https://cdn.example.net/blob?sig=a%2Fb"),
        ("/other", "https://registry.example.com/other"),
        ("y", "https://registry.example.com/v2/app/blobs/y"),
        ("//cdn.example.net/blob", "https://cdn.example.net/blob"),
        ("https://cdn.example.net:8443/blob", "https://cdn.example.net:8443/blob"),
        ("https://10.1.2.3/blob", "https://10.1.2.3/blob"),
        ("https://cdn.example.net/#part", "https://cdn.example.net/"),
    ],
)
def test_a_blob_may_lie_on_another_host(location: str, url: str) -> None:
    assert led(location) == url


@pytest.mark.parametrize(
    "location",
    [
        "",
        "http://cdn.example.net/blob",
        "file:///etc/passwd",
        "ftp://cdn.example.net/",
        "javascript:alert(1)",
        "https://",
        "https:///path",
        "https://user:pass@cdn.example.net/",
        "https://cdn.example.net:99999/",
        "https://[::1/",
        "https://a b/",
    ],
)
def test_what_is_no_safe_address_is_refused(location: str) -> None:
    with pytest.raises(InvalidInput, match="leads to"):
        led(location)


INNER = """localhost localhost. a.localhost LOCALHOST 127.0.0.1 127.1 127.0.0.1. 2130706433 0x7f000001 0177.0.0.1
0.0.0.0 0 169.254.169.254
0xa9fea9fe [::1] [::] [::ffff:127.0.0.1] [::ffff:169.254.169.254] [fe80::1] 224.0.0.1""".split()


@pytest.mark.parametrize("host", INNER)
def test_a_registry_elsewhere_has_no_say_about_what_only_this_host_reaches(host: str) -> None:
    with pytest.raises(InvalidInput, match="leads to"):
        led(f"https://{host}/latest/meta-data")


@pytest.mark.parametrize("host", ["127.0.0.1:5001", "localhost:5001", "[::1]:5001"])
def test_a_registry_of_this_host_may_lead_to_this_host(host: str) -> None:
    url = f"http://{host}/blob"
    assert led(url, came_from="http://localhost:5000/v2/", registry="http://localhost:5000/") == url


def test_a_host_that_a_local_registry_led_to_may_not_lead_back() -> None:
    with pytest.raises(InvalidInput):
        led("http://127.0.0.1/", came_from="http://cdn.example.net/", registry="http://localhost:5000/")


def test_an_origin_is_scheme_host_and_port() -> None:
    same = {origin(httpx.URL(url)) for url in ("https://h/a", "https://h:443/b", "https://H/c")}
    assert same == {("https", "h", 443)}
    others = {origin(httpx.URL(url)) for url in ("http://h/", "https://h:444/", "https://h.h/")}
    assert len(others - same) == 3


def test_only_reading_follows_what_changes_the_method() -> None:
    assert can_follow(302, "GET")
    assert can_follow(307, "PUT")
    assert not can_follow(302, "PUT")
    assert not can_follow(304, "GET")


def test_a_relative_address_belongs_to_the_one_that_named_it() -> None:
    assert str(address(PUBLIC, "/v2/app/blobs/uploads/1?state=2")) == (
        "https://registry.example.com/v2/app/blobs/uploads/1?state=2"
    )


@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "127.255.0.9", "::1", "x.localhost", "::ffff:127.0.0.1"])
def test_loopback_is_known_by_its_names(name: str) -> None:
    assert is_loopback(name)
    assert is_private_to_host(name)


@pytest.mark.parametrize(
    "name", ["registry.example.com", "localhost.example.com", "10.0.0.1", "128.0.0.1", "1e9", "a.b"]
)
def test_other_hosts_are_not_loopback(name: str) -> None:
    assert not is_loopback(name)
    assert not is_private_to_host(name)


def test_a_host_has_a_name_without_its_port() -> None:
    assert [name_of(host) for host in ("A.b:5000", "[::1]:5000", "[::1]", "h")] == ["a.b", "::1", "::1", "h"]


@pytest.mark.parametrize(
    ("host", "insecure", "tls_verify", "schemes", "is_verified"),
    [
        ("registry.example.com", False, None, ("https",), True),
        ("registry.example.com", True, None, ("https", "http"), False),
        ("registry.example.com", False, False, ("https", "http"), False),
        ("registry.example.com", True, True, ("https",), True),
        ("localhost:5000", False, None, ("https", "http"), True),
        ("127.0.0.1:5000", False, True, ("https",), True),
        ("[::1]:5000", False, None, ("https", "http"), True),
    ],
)
def test_plain_http_is_for_loopback_and_by_configuration(
    host: str, insecure: bool, tls_verify: bool | None, schemes: tuple[str, ...], is_verified: bool
) -> None:
    endpoint = Endpoint(host, "app", insecure)
    assert (endpoint.schemes(tls_verify), endpoint.is_verified(tls_verify)) == (schemes, is_verified)


def test_docker_hub_answers_somewhere_else_than_it_is_called() -> None:
    assert Endpoint("docker.io").address == "registry-1.docker.io"
    assert Endpoint("registry.example.com:5000").address == "registry.example.com:5000"
