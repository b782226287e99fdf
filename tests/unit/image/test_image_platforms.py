"""Platforms: the words for them, and which image of an index fits."""

from typing import Any

import pytest

from engine.errors import InvalidInput, NotFound
from engine.image import platform
from engine.image.oci import MANIFEST, Descriptor, Index, Platform


def entry(text: str, number: int, **more: Any) -> Descriptor:
    """An entry of an index for OS/ARCHITECTURE[/VARIANT], with a digest of this number."""
    system, architecture, variant = [*text.split("/"), "", ""][:3]
    found = Platform(os=system, architecture=architecture, variant=variant) if text else None
    return Descriptor(media_type=MANIFEST, digest=f"sha256:{number:064d}", size=1, platform=found, **more)


def chosen(wanted: str, *there: str) -> str:
    """Which of these is chosen."""
    entries = {entry(text, number).digest: text for number, text in enumerate(there)}
    index = Index(manifests=tuple(entry(text, number) for number, text in enumerate(there)))
    return entries[platform.choose(index, platform.parse(wanted)).digest]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("linux/amd64", "linux/amd64"),
        ("amd64", "linux/amd64"),
        ("x86_64", "linux/amd64"),
        ("linux/x86-64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("i686", "linux/386"),
        ("aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm64/8", "linux/arm64"),
        ("arm", "linux/arm"),
        ("armhf", "linux/arm"),
        ("linux/arm/v7", "linux/arm"),
        ("armel", "linux/arm/v6"),
        ("linux/arm/v5", "linux/arm/v5"),
        ("arm/6", "linux/arm/v6"),
        ("ppc64el", "linux/ppc64le"),
        ("Linux/RISCV64", "linux/riscv64"),
        ("macos/arm64", "darwin/arm64"),
        ("windows/amd64", "windows/amd64"),
    ],
)
def test_a_platform_has_many_names_and_one_meaning(text: str, meant: str) -> None:
    assert str(platform.parse(text)) == meant


def test_an_operating_system_alone_means_this_machine_s_architecture() -> None:
    assert platform.parse("linux") == platform.host()


@pytest.mark.parametrize("text", ["", "/", "linux/", "/amd64", "a/b/c", "linux/a/b/c", "a b", "linux/\x1b", "x" * 100])
def test_what_is_no_platform_is_refused_in_words(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        platform.parse(text)
    assert caught.value.message.isprintable()
    assert caught.value.hint


@pytest.mark.parametrize(
    ("wanted", "there", "expected"),
    [
        ("amd64", ["linux/arm64", "linux/amd64"], "linux/amd64"),
        ("amd64", ["windows/amd64", "linux/amd64/v3", "linux/amd64/v1"], "linux/amd64/v1"),
        ("amd64/v3", ["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"], "linux/amd64/v2"),
        ("amd64/v2", ["linux/amd64/v3", "linux/amd64"], "linux/amd64"),
        ("arm/v7", ["linux/arm/v5", "linux/arm/v6"], "linux/arm/v6"),
        ("arm/v7", ["linux/arm/v6", "linux/arm/v7"], "linux/arm/v7"),
        ("arm", ["linux/arm/v6", "linux/arm"], "linux/arm"),
        ("arm/v6", ["linux/arm/v7", "linux/arm/v5"], "linux/arm/v5"),
        ("arm64", ["linux/arm/v7", "linux/arm64/v8"], "linux/arm64/v8"),
        ("arm64/v9", ["linux/arm64"], "linux/arm64"),
        ("riscv64", ["linux/riscv64"], "linux/riscv64"),
        ("amd64", ["linux/x86_64"], "linux/x86_64"),
    ],
)
def test_the_best_that_runs_is_chosen(wanted: str, there: list[str], expected: str) -> None:
    assert chosen(wanted, *there) == expected


@pytest.mark.parametrize(
    ("wanted", "there"),
    [
        ("amd64", ["linux/arm64", "windows/amd64"]),
        ("amd64", ["linux/amd64/v2"]),
        ("arm/v6", ["linux/arm/v7"]),
        ("arm64", ["linux/arm/v7"]),
        ("amd64", []),
        ("amd64", ["", ""]),
    ],
)
def test_what_would_not_run_is_not_chosen_and_what_there_is_is_said(wanted: str, there: list[str]) -> None:
    with pytest.raises(NotFound, match="not there for linux/") as caught:
        chosen(wanted, *there)
    assert all(text in caught.value.hint for text in there)


def test_what_is_said_about_images_is_no_image() -> None:
    said = entry("linux/amd64", 1, annotations={"vnd.docker.reference.type": "attestation-manifest"})
    real = entry("linux/amd64", 3)
    index = Index(manifests=(said, entry("unknown/unknown", 2), real))
    assert platform.choose(index, platform.parse("amd64")) == real


def test_one_image_that_says_no_platform_is_taken_and_its_config_decides() -> None:
    only = entry("", 1)
    assert platform.choose(Index(manifests=(only, entry("unknown/unknown", 2))), platform.parse("s390x")) == only


def test_the_names_of_strangers_are_few_and_plain() -> None:
    hostile = Platform(os="\x1b[2J" * 50, architecture="a" * 1000)
    entries = [entry("linux/amd64", number) for number in range(50)]
    entries = [Descriptor(media_type=MANIFEST, digest=e.digest, size=1, platform=hostile) for e in entries]
    more = [entry(f"linux/a{number}", number) for number in range(50)]
    with pytest.raises(NotFound) as caught:
        platform.choose(Index(manifests=(*entries, *more)), platform.parse("s390x"))
    assert caught.value.hint.isprintable()
    assert "more" in caught.value.hint
    assert len(caught.value.hint) < 1000


def test_an_image_is_for_its_level_and_those_above() -> None:
    v6 = Platform(os="linux", architecture="arm", variant="v6")
    assert platform.is_for(v6, platform.parse("arm/v7"))
    assert not platform.is_for(v6, platform.parse("arm/v5"))
    assert not platform.is_for(Platform(), platform.parse("amd64"))


def test_this_host_has_a_platform_that_images_know() -> None:
    own = platform.host()
    assert own.os == "linux"
    assert platform.normal(own) == own
