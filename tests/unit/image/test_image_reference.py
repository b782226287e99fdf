"""Names of images: what is one, what it means, and that everything else is refused in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import InvalidInput
from engine.image import reference

DIGEST = f"sha256:{'0af1' * 16}"


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("localhost/base", "localhost/base:latest"),
        ("localhost/base:latest", "localhost/base:latest"),
        ("base", "localhost/base:latest"),
        ("base:1.0", "localhost/base:1.0"),
        ("team/base", "localhost/team/base:latest"),
        ("docker.io/alpine", "docker.io/library/alpine:latest"),
        ("docker.io/grafana/grafana:11", "docker.io/grafana/grafana:11"),
        ("registry:5000/a/b", "registry:5000/a/b:latest"),
        ("[::1]:5000/a", "[::1]:5000/a:latest"),
        ("Registry/a", "Registry/a:latest"),
        (f"quay.io/a/b@{DIGEST}", f"quay.io/a/b@{DIGEST}"),
        (f"quay.io/a/b:x@{DIGEST}", f"quay.io/a/b:x@{DIGEST}"),
        ("a__b/c-d.e---f", "localhost/a__b/c-d.e---f:latest"),
    ],
)
def test_a_name_means_one_full_reference(text: str, full: str) -> None:
    assert reference.full(text) == full


def test_a_short_name_is_looked_for_on_this_host_and_then_in_the_library() -> None:
    assert [str(r) for r in reference.candidates("redis:7")] == ["localhost/redis:7", "docker.io/library/redis:7"]


def test_a_name_with_a_registry_means_nothing_else() -> None:
    assert [str(r) for r in reference.candidates("localhost/redis")] == ["localhost/redis:latest"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Base",
        "base:",
        "base@",
        "base@sha256:12",
        f"base@{DIGEST}\n",
        "base:tag\n",
        "/base",
        "base/",
        "a//b",
        "../etc",
        "a/../b",
        "localhost/..",
        "a b",
        "base:" + "x" * 129,
        "a" * 256,
        "x" * 100_000,
        "bäse",
        "-a.b/c",
        "a\x1b[31m",
        "base:٣",
    ],
)
def test_what_is_no_name_is_refused_with_a_hint(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        reference.parse(text)
    assert caught.value.hint
    assert len(caught.value.message) < 300
    assert caught.value.message.isprintable()


@given(st.text(max_size=60))
def test_what_is_accepted_is_written_back_to_the_same(text: str) -> None:
    try:
        parsed = reference.parse(text)
    except InvalidInput:
        return
    assert reference.parse(str(parsed)) == parsed
    assert ".." not in parsed.path.split("/")


@pytest.mark.parametrize(("text", "digits"), [(DIGEST, DIGEST[7:]), ("0af1", "0af1"), ("sha256:0a", "0a")])
def test_the_beginning_of_an_id_is_known(text: str, digits: str) -> None:
    assert reference.id_prefix(text) == digits


@pytest.mark.parametrize("text", ["base", "sha256:", "0AF1", "0" * 65, "../0", "0af1\n"])
def test_what_cannot_be_an_id_is_none(text: str) -> None:
    assert reference.id_prefix(text) is None
