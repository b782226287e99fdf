"""What servers say that they want to know."""

import pytest

from engine.errors import InvalidInput
from engine.image.registry.access.challenge import HEADER_MAX, Challenge, read_challenges

BEARER = 'Bearer realm="https://auth.example.com/token",service="registry",scope="repository:a/b:pull,push"'


def test_a_bearer_challenge_has_realm_service_and_scope() -> None:
    [challenge] = read_challenges([BEARER])
    assert challenge.scheme == "bearer"
    assert challenge.parameters == {
        "realm": "https://auth.example.com/token",
        "service": "registry",
        "scope": "repository:a/b:pull,push",
    }


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (['Basic realm="an office"'], [Challenge("basic", {"realm": "an office"})]),
        (["Basic"], [Challenge("basic", {})]),
        (["BASIC REALM=x , Charset = UTF-8"], [Challenge("basic", {"realm": "x", "charset": "UTF-8"})]),
        (["Negotiate, Basic realm=x"], [Challenge("negotiate", {}), Challenge("basic", {"realm": "x"})]),
        (["Negotiate dGVzdA==, Basic realm=x"], [Challenge("negotiate", {}), Challenge("basic", {"realm": "x"})]),
        (["NTLM", "Basic realm=x"], [Challenge("ntlm", {}), Challenge("basic", {"realm": "x"})]),
        ([',, Basic realm="a\\"b\\\\c, d=e" ,'], [Challenge("basic", {"realm": 'a"b\\c, d=e'})]),
        (['Basic realm=""'], [Challenge("basic", {"realm": ""})]),
        ([], []),
        ([" , "], []),
    ],
)
def test_challenges_are_read_by_the_grammar(headers: list[str], expected: list[Challenge]) -> None:
    assert read_challenges(headers) == expected


@pytest.mark.parametrize(
    "header",
    [
        'Bearer realm="open',
        'Bearer realm="a"b',
        'Bearer realm="x", scope=',
        'realm="x"',
        "Bearer realm=a, realm=b",
        '"quoted"',
        "Bearer realm=a b",
        "Bearer \x01",
        "é",
        "a" * (HEADER_MAX + 1),
    ],
)
def test_what_follows_no_grammar_is_refused(header: str) -> None:
    with pytest.raises(InvalidInput):
        read_challenges([header])
