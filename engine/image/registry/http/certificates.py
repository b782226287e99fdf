"""Which certificates are trusted, and which are shown.

    SSL_CERT_FILE, SSL_CERT_DIR              instead of the host's own authorities (OpenSSL's variables)
    CERTS.D/HOST[:PORT]/*.crt                authorities for one registry, beside the others
    CERTS.D/HOST[:PORT]/*.cert, *.key        what this host shows to it

CERTS.D is ~/.config/containers/certs.d, /etc/containers/certs.d or /etc/docker/certs.d: the first that has the folder.
Every other host, such as the one that a registry keeps its blobs on, gets nothing of these folders.

Source: containers-certs.d(5).
"""

import os
import ssl
from collections.abc import Iterable, Mapping
from typing import Final

import certifi

from engine.errors import InvalidInput
from engine.image.registry.surroundings import config_home

_OF_HOST: Final = ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem")
_CERTS_D: Final = ("/etc/containers/certs.d", "/etc/docker/certs.d")
_VARIABLES: Final = ("SSL_CERT_FILE", "SSL_CERT_DIR")


class Context(ssl.SSLContext):
    """One whose ALPN is set once.

    The HTTP library sets it for each connection, and OpenSSL frees the old words while another thread may be greeting
    with them. A far side that heard something unexpected was seen once; this is the likeliest reason.
    """

    _named: tuple[str, ...] = ()

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        """Say which protocols are spoken; again the same is nothing to do."""
        names = tuple(alpn_protocols)
        if names != self._named:
            self._named = names
            super().set_alpn_protocols(names)


def context(*, folder: str | None = None, verified: bool = True) -> ssl.SSLContext:
    """For connections to one host; `folder` is its own. Raises InvalidInput for files that cannot be used."""
    made = Context(ssl.PROTOCOL_TLS_CLIENT)
    made.set_alpn_protocols(["http/1.1"])
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if not verified:
        made.check_hostname = False
        made.verify_mode = ssl.CERT_NONE
    else:
        _trust_authorities(made)
    if folder:
        _use_folder(made, folder, verified)
    return made


def folder_of(hosts: tuple[str, ...], cert_dir: str | None, environment: Mapping[str, str]) -> str | None:
    """The folder of a registry by the names it goes by; `cert_dir` is what an operator named. Raises InvalidInput."""
    if cert_dir:
        if not os.path.isdir(cert_dir):
            raise InvalidInput(f"{cert_dir!a} is not a folder of certificates", hint="it has *.crt, *.cert and *.key")
        return cert_dir
    home = config_home(environment)
    places = ([f"{home}/containers/certs.d"] if home else []) + list(_CERTS_D)
    folders = [f"{place}/{host}" for place in places for host in hosts]
    return next((folder for folder in folders if os.path.isdir(folder)), None)


def _trust_authorities(made: ssl.SSLContext) -> None:
    """Those that the environment names, else the host's, else those that came with the HTTP library."""
    for variable in _VARIABLES:
        if (path := os.environ.get(variable)) and not os.path.exists(path):
            raise InvalidInput(
                f"{variable} names {path!a}, which does not exist", hint=f"unset {variable}, or correct it"
            )
    made.set_default_verify_paths()
    if any(os.environ.get(variable) for variable in _VARIABLES) or _has_default_authorities():
        return
    try:
        made.load_verify_locations(next((path for path in _OF_HOST if os.path.exists(path)), certifi.where()))
    except (ssl.SSLError, OSError) as err:
        raise InvalidInput(f"the host's certificates cannot be read: {_reason(err)}") from err


def _has_default_authorities() -> bool:
    """Whether OpenSSL finds any by itself: in its folder one by one, which is quicker than reading all of a file."""
    paths = ssl.get_default_verify_paths()
    return os.path.exists(paths.openssl_cafile) or (
        os.path.isdir(paths.openssl_capath) and any(name.endswith(".0") for name in os.listdir(paths.openssl_capath))
    )


def _use_folder(made: ssl.SSLContext, folder: str, verified: bool) -> None:
    names = sorted(os.listdir(folder))
    for name in names:
        path = f"{folder}/{name}"
        try:
            if name.endswith(".crt") and verified:
                made.load_verify_locations(path)
            if name.endswith(".cert"):
                made.load_cert_chain(path, _key_of(folder, name, names), password=_no_password)
        except (ssl.SSLError, OSError) as err:
            raise InvalidInput(
                f"{path!a} cannot be used: {_reason(err)}", hint="it must be PEM, without a password"
            ) from err


def _key_of(folder: str, name: str, names: list[str]) -> str:
    key = f"{name.removesuffix('.cert')}.key"
    if key not in names:
        raise InvalidInput(f"{folder}/{name} has no key beside it", hint=f"put it there as {key}")
    return f"{folder}/{key}"


def _no_password() -> str:
    """OpenSSL would ask for it on the terminal."""
    return ""


def _reason(err: OSError) -> str:
    return err.strerror or "it is not a certificate" if not isinstance(err, ssl.SSLError) else err.reason or str(err)
