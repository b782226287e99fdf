"""What atheris runs: bytes of registries and of files against all that reads them. Its own process, since it ends it.

    PYTHONPATH=tests python -m support.fuzzed_registry_grammar -runs=20000 FOLDER_OF_EXAMPLES

The first byte says which reader gets the others.
"""

from contextlib import suppress
from datetime import UTC, datetime

import atheris
from support import fuzzing

with atheris.instrument_imports(include=["engine.image.registry"]):
    import httpx

    from engine.errors import EngineError
    from engine.image.registry.access import credential_files, credential_keys
    from engine.image.registry.access.challenge import read_challenges
    from engine.image.registry.access.tokens import read_token
    from engine.image.registry.hosts.configuration_text import parse
    from engine.image.registry.hosts.endpoints import is_private_to_host
    from engine.image.registry.http import answers, redirects
    from engine.image.registry.http.retries import retry_after

REGISTRY = httpx.URL("https://registry.example.com/v2/")


def _challenges(data: bytes) -> None:
    for challenge in read_challenges([data.decode("latin-1")]):
        assert challenge.scheme == challenge.scheme.lower()


def _retry_after(data: bytes) -> None:
    seconds = retry_after(data.decode("latin-1"), datetime(2026, 1, 1, tzinfo=UTC))
    assert seconds is None or seconds >= 0


def _configuration(data: bytes) -> None:
    for rule in parse(data, "registries.conf").rules:
        assert rule.prefix
        assert rule.matched(f"{rule.prefix}/x") is not None or rule.prefix.startswith("*.") or ":" in rule.prefix


def _auth_file(data: bytes) -> None:
    document = credential_files.parse(data, "auth.json")
    auths = credential_files.table(document, "auths", "auth.json")
    for key in auths:
        found = credential_keys.found(auths, [credential_keys.normal(key)])
        assert found
        with suppress(EngineError):
            credential_files.read_entry(found[1], "auth.json")


def _token(data: bytes) -> None:
    token = read_token(data, lambda: 0.0)
    assert token.text.isprintable()
    assert 0 < token.good_until <= 86_400


def _redirect(data: bytes) -> None:
    answer = httpx.Response(307, headers=[(b"Location", data)], request=httpx.Request("GET", REGISTRY))
    url = redirects.target(answer, REGISTRY)
    assert url.scheme == "https"
    assert not is_private_to_host(url.host)


def _errors(data: bytes) -> None:
    answer = httpx.Response(404, content=data, request=httpx.Request("GET", REGISTRY))
    err = answers.refusal(answer, "registry.example.com", "app:1")
    assert err.message.isprintable()
    assert len(err.message) < 400


READERS: tuple[fuzzing.Reader, ...] = (
    _challenges,
    _retry_after,
    _configuration,
    _auth_file,
    _token,
    _redirect,
    _errors,
)


if __name__ == "__main__":
    fuzzing.main(fuzzing.choose(READERS))
