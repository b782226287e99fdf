"""Certificates, plain HTTP and proxies."""

import os
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.fake_registry import Answer, FakeRegistry, serving
from support.requirements import requires
from support.token_server import Pause
from support.waiting import SLOW

from engine.errors import InvalidInput, MissingFeature, Unreachable
from engine.image.registry.hosts.endpoints import Endpoint
from engine.image.registry.http import certificates
from engine.image.registry.http.failures import Untrusted, failure, is_misheard
from engine.image.registry.http.retries import Interrupted, Patience
from engine.image.registry.http.transport import Registry

MANIFEST = "/v2/app/manifests/1"
PROXIES = "HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy".split()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing of the machine's own."""
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "XDG_CONFIG_HOME", *PROXIES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of loopback, its own authority; NAME.key beside it."""
    requires("openssl")
    path = tmp_path_factory.mktemp("tls") / "server.crt"
    command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=fake".split()
    names = ["-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    files = ["-keyout", str(path.with_suffix(".key")), "-out", str(path)]
    subprocess.run([*command, *names, *files], check=True, capture_output=True, timeout=60 * SLOW)
    return path


def context_of(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return context


@pytest.fixture
def secure(certificate: Path) -> Iterator[FakeRegistry]:
    with serving(context_of(certificate)) as server:
        server.on("GET", MANIFEST, Answer(200, b"yes"))
        yield server


@pytest.fixture
def plain() -> Iterator[FakeRegistry]:
    with serving() as server:
        server.on("GET", MANIFEST, Answer(200, b"yes"))
        yield server


def get(host: str, *, insecure: bool = False, **more: object) -> bytes:
    patience = Patience(attempts=2, sleep=Pause([]), silence_seconds=10.0 * SLOW)
    with Registry(Endpoint(host, "app", insecure), patience=patience, **more) as registry:  # type: ignore[arg-type]
        return registry.request("GET", "manifests/1", expected={200}).content


def test_a_certificate_of_nobody_s_is_refused_even_on_loopback(secure: FakeRegistry) -> None:
    with pytest.raises(Untrusted, match="self-signed certificate") as caught:
        get(secure.host)
    assert f"certs.d/{secure.host}/ca.crt" in caught.value.hint
    assert secure.seen == []


@pytest.mark.parametrize("how", ["tls_verify", "insecure"])
def test_an_operator_may_trust_anybody(secure: FakeRegistry, how: str) -> None:
    assert (get(secure.host, tls_verify=False) if how == "tls_verify" else get(secure.host, insecure=True)) == b"yes"


def test_what_the_operator_says_overrules_the_configuration(secure: FakeRegistry, plain: FakeRegistry) -> None:
    with pytest.raises(Untrusted):
        get(secure.host, insecure=True, tls_verify=True)
    with pytest.raises(Unreachable, match="does not speak TLS"):
        get(plain.host, insecure=True, tls_verify=True)


def test_an_authority_comes_from_the_file_that_the_environment_names(
    secure: FakeRegistry, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert get(secure.host) == b"yes"


def test_an_authority_comes_from_the_folder_that_the_environment_names(
    secure: FakeRegistry, certificate: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(certificate)]
    name = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60 * SLOW).stdout.strip()
    folder = tmp_path / "authorities"
    folder.mkdir()
    shutil.copy(certificate, folder / f"{name}.0")
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    assert get(secure.host) == b"yes"


def test_a_folder_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", "/nowhere/at/all")
    with pytest.raises(InvalidInput, match="SSL_CERT_DIR names '/nowhere/at/all'"):
        certificates.context()


def test_an_authority_comes_from_the_registry_s_own_folder(
    secure: FakeRegistry, certificate: Path, tmp_path: Path
) -> None:
    folder = tmp_path / ".config/containers/certs.d" / secure.host
    folder.mkdir(parents=True)
    shutil.copy(certificate, folder / "ca.crt")
    assert get(secure.host) == b"yes"


def test_a_folder_is_named_by_the_operator(secure: FakeRegistry, certificate: Path, tmp_path: Path) -> None:
    shutil.copy(certificate, tmp_path / "ca.crt")
    assert get(secure.host, cert_dir=str(tmp_path)) == b"yes"
    with pytest.raises(InvalidInput, match="is not a folder of certificates"):
        get(secure.host, cert_dir=str(tmp_path / "missing"))


def test_a_folder_of_one_registry_is_no_other_s(certificate: Path, secure: FakeRegistry, tmp_path: Path) -> None:
    shutil.copy(certificate, tmp_path / "ca.crt")
    with serving(context_of(certificate)) as other:
        other.on("GET", "/blob", Answer(200, b"blob"))
        secure.on("GET", "/v2/app/blobs/x", Answer(307, b"", (("Location", f"{other.url}/blob"),)))
        with (
            Registry(Endpoint(secure.host, "app"), cert_dir=str(tmp_path)) as registry,
            pytest.raises(Untrusted, match=other.host),
        ):
            registry.request("GET", "blobs/x", expected={200})
        assert other.seen == []


def test_this_host_shows_its_certificate_to_who_asks(certificate: Path, tmp_path: Path) -> None:
    context = context_of(certificate)
    context.load_verify_locations(certificate)
    context.verify_mode = ssl.CERT_REQUIRED
    shutil.copy(certificate, tmp_path / "ca.crt")
    with serving(context) as server:
        server.on("GET", MANIFEST, Answer(200, b"yes"))
        with pytest.raises(Unreachable):
            get(server.host, cert_dir=str(tmp_path))
        shutil.copy(certificate, tmp_path / "client.cert")
        with pytest.raises(InvalidInput, match=r"client.cert has no key beside it"):
            get(server.host, cert_dir=str(tmp_path))
        shutil.copy(certificate.with_suffix(".key"), tmp_path / "client.key")
        assert get(server.host, cert_dir=str(tmp_path)) == b"yes"


def test_a_file_that_is_no_certificate_is_named(tmp_path: Path) -> None:
    (tmp_path / "ca.crt").write_text("nonsense")
    with pytest.raises(InvalidInput, match=r"ca.crt' cannot be used"):
        certificates.context(folder=str(tmp_path))


def test_the_first_place_that_has_the_registry_counts(home: Path) -> None:
    folder = home / ".config/containers/certs.d/docker.io"
    folder.mkdir(parents=True)
    environment = {"HOME": str(home)}
    assert certificates.folder_of(("registry-1.docker.io", "docker.io"), None, environment) == str(folder)
    assert certificates.folder_of(("unknown.example.com",), None, environment) is None


def test_a_registry_on_loopback_may_speak_plain_http(plain: FakeRegistry) -> None:
    assert get(plain.host) == b"yes"
    assert get(f"localhost:{plain.server_address[1]}") == b"yes"


def test_tls_is_not_given_up_for_a_wrong_certificate(secure: FakeRegistry, certificate: Path) -> None:
    """Or whoever can disturb a connection could have the password in the clear."""
    with pytest.raises(Untrusted):
        get(secure.host)


def test_a_registry_elsewhere_speaks_tls_or_nothing(plain: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    """The proxy is who sees whether anything but CONNECT is sent."""
    monkeypatch.setenv("HTTP_PROXY", plain.url)
    monkeypatch.setenv("HTTPS_PROXY", plain.url)
    with pytest.raises(Unreachable, match=r"the proxy on the way to registry\.example\.com refuses"):
        get("registry.example.com")
    assert [seen.method for seen in plain.seen] == []


def test_plain_http_goes_through_the_proxy_that_the_environment_names(
    plain: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", plain.url)
    plain.on("GET", "", Answer(404))
    plain.on("GET", MANIFEST, Answer(200, b"from the proxy"))
    assert get("registry.example.com", insecure=True) == b"from the proxy"
    [seen] = plain.asked("GET", MANIFEST)
    assert seen.headers["host"] == "registry.example.com"


def test_loopback_is_never_asked_through_a_proxy(plain: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        assert get(plain.host) == b"yes"
        assert proxy.seen == []


def test_hosts_in_no_proxy_are_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        monkeypatch.setenv("NO_PROXY", "192.0.2.1")
        patience = Patience(attempts=1, connect_seconds=0.05, sleep=Pause([]))
        with (
            Registry(Endpoint("192.0.2.1", "app", True), patience=patience) as registry,
            pytest.raises(Unreachable),
        ):
            registry.request("GET", "manifests/1", expected={200})
        assert proxy.seen == []


@pytest.mark.parametrize("proxy", ["nonsense://x", "http://[::1"])
def test_a_proxy_s_address_that_is_none_is_an_error(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(InvalidInput, match="proxy"):
        get("registry.example.com")


def test_a_proxy_that_speaks_socks_is_an_error_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")
    with pytest.raises(MissingFeature, match="SOCKS"):
        get("registry.example.com")


def test_an_old_protocol_is_refused(certificate: Path) -> None:
    assert certificates.context().minimum_version >= ssl.TLSVersion.TLSv1_2
    assert certificates.context().verify_mode is ssl.CERT_REQUIRED
    assert certificates.context().check_hostname


def test_names_that_cannot_be_looked_up_are_worth_a_second_look() -> None:
    import socket

    def of(cause: OSError) -> type[Exception]:
        err = httpx.ConnectError("x")
        err.__cause__ = cause
        return type(failure(err, httpx.URL("https://h/")))

    assert of(socket.gaierror(socket.EAI_AGAIN, "again")) is Interrupted
    assert of(socket.gaierror(socket.EAI_NONAME, "none")) is Unreachable
    assert of(ConnectionResetError(104, os.strerror(104))) is Interrupted
    assert of(ConnectionRefusedError(111, os.strerror(111))) is Unreachable


@pytest.mark.parametrize("kind", [httpx.ProxyError, httpx.ConnectError, httpx.LocalProtocolError])
def test_words_from_below_are_cleaned(kind: type[httpx.TransportError]) -> None:
    err = failure(kind("403 \x9b2J\x1b]0;owned\x07"), httpx.URL("https://h/"))
    assert err.message.isprintable()


@pytest.mark.parametrize("host", ["registry.example.com:99999", "a b", "", "h/../x@y"])
def test_a_host_that_is_none_is_an_error(host: str) -> None:
    with pytest.raises(InvalidInput, match="no address of a registry"):
        get(host)


def test_the_protocols_of_a_context_are_set_once() -> None:
    """Setting them again while another thread connects spoils what that one says."""
    made = certificates.context(verified=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl.SSLContext, "set_alpn_protocols", lambda _self, names: pytest.fail(f"set again: {names}"))
        made.set_alpn_protocols(["http/1.1"])


def test_a_greeting_that_was_misheard_is_told_from_other_failures() -> None:
    misheard, other = httpx.ConnectError("x"), httpx.ConnectError("x")
    misheard.__cause__ = ssl.SSLError(1, "[SSL: SSLV3_ALERT_UNEXPECTED_MESSAGE] sslv3 alert unexpected message")
    misheard.__cause__.reason = "SSLV3_ALERT_UNEXPECTED_MESSAGE"
    other.__cause__ = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number")
    other.__cause__.reason = "WRONG_VERSION_NUMBER"
    assert is_misheard(misheard)
    assert not is_misheard(other)
