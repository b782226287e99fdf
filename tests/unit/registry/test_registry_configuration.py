"""registries.conf: which hosts are asked for a name."""

from pathlib import Path

import pytest

from engine.errors import InvalidInput, NotFound
from engine.image import reference
from engine.image.registry.hosts.configuration import Configuration
from engine.image.registry.hosts.configuration_files import load
from engine.image.registry.hosts.configuration_text import parse
from engine.image.registry.hosts.endpoints import Endpoint
from engine.image.registry.hosts.short_names import full_references

DIGEST = f"sha256:{'0' * 64}"


def of(text: str) -> Configuration:
    file = parse(text.encode(), "/etc/containers/registries.conf")
    search = ("docker.io",) if file.search is None else file.search
    return Configuration(search, file.rules, file.aliases, "/etc/containers/registries.conf")


def asked(configuration: Configuration, name: str) -> list[str]:
    """HOST/REPOSITORY of all endpoints of one full name, with ! where the host need not prove who it is."""
    [full] = reference.candidates(name)[-1:]
    return [f"{found.host}/{found.repository}{'!' * found.insecure}" for found in configuration.endpoints(full)]


EXAMPLE = """
unqualified-search-registries = ["example.com"]

[[registry]]
prefix = "example.com/foo"
location = "internal.example.net/bar"
[[registry.mirror]]
location = "mirror-0.local/for-foo"
[[registry.mirror]]
location = "mirror-1.local/foo"
insecure = true

[[registry]]
location = "registry.com"
[[registry.mirror]]
location = "mirror.registry.com"
"""


def test_mirrors_come_first_and_the_location_last() -> None:
    assert asked(of(EXAMPLE), "example.com/foo/image") == [
        "mirror-0.local/for-foo/image",
        "mirror-1.local/foo/image!",
        "internal.example.net/bar/image",
    ]
    assert asked(of(EXAMPLE), "registry.com/image") == ["mirror.registry.com/image", "registry.com/image"]
    assert asked(of(EXAMPLE), "example.com/foobar/image") == ["example.com/foobar/image"]


def test_a_name_that_nothing_is_said_about_is_asked_for_where_it_says() -> None:
    assert asked(Configuration(), "quay.io/a/b") == ["quay.io/a/b"]
    assert asked(Configuration(), "docker.io/alpine") == ["docker.io/library/alpine"]
    assert asked(Configuration(), "index.docker.io/alpine") == ["docker.io/library/alpine"]


@pytest.mark.parametrize(
    ("prefix", "name", "matches"),
    [
        ("example.com", "example.com/a", True),
        ("example.com", "example.com:5000/a", False),
        ("example.com:5000", "example.com:5000/a", True),
        ("example.com", "example.common/a", False),
        ("example.com/a", "example.com/a", True),
        ("example.com/a", "example.com/a/b", True),
        ("example.com/a", "example.com/a:1", True),
        ("example.com/a", "example.com/ab", False),
        ("example.com/a:1", "example.com/a:1", True),
        ("example.com/a:1", "example.com/a:2", False),
        ("example.com/a:1", "example.com/a:11", False),
        ("*.example.com", "a.example.com/x", True),
        ("*.example.com", "a.b.example.com:5000/x", True),
        ("*.example.com", "example.com/x", False),
        ("*.example.com", "badexample.com/x", False),
        ("docker.io/library", "docker.io/alpine", True),
    ],
)
def test_a_prefix_ends_where_a_name_has_a_border(prefix: str, name: str, matches: bool) -> None:
    configuration = of(f'[[registry]]\nprefix = "{prefix}"\ninsecure = true')
    assert asked(configuration, name)[0].endswith("!") is matches


def test_the_longest_prefix_is_the_one_that_counts() -> None:
    text = "".join(
        f'[[registry]]\nprefix = "example.com{path}"\nlocation = "l{n}.local"\n'
        for n, path in enumerate(["/a/b", "", "/a/b/c", "/a"])
    )
    assert asked(of(text), "example.com/a/b/c/d") == ["l2.local/d"]
    assert asked(of(text), "example.com/a/b/d") == ["l0.local/d"]
    assert asked(of(text), "example.com/z") == ["l1.local/z"]


@pytest.mark.parametrize(
    ("location", "expected"), [("", ["a.example.com/x"]), ("hub.local/y", ["hub.local/y/x"])], ids=["none", "other"]
)
def test_all_hosts_below_one_may_be_moved_together(location: str, expected: list[str]) -> None:
    moved = f'location = "{location}"' if location else ""
    assert asked(of(f'[[registry]]\nprefix = "*.example.com"\n{moved}'), "a.example.com/x") == expected


def test_docker_hub_may_have_a_mirror_on_a_plain_host() -> None:
    text = '[[registry]]\nlocation = "docker.io"\n[[registry.mirror]]\nlocation = "localhost:5000/hub"\ninsecure = true'
    assert asked(of(text), "docker.io/alpine") == ["localhost:5000/hub/library/alpine!", "docker.io/library/alpine"]


@pytest.mark.parametrize(
    ("said", "by_tag", "by_digest"),
    [("", 2, 2), ("all", 2, 2), ("digest-only", 1, 2), ("tag-only", 2, 1)],
)
def test_a_mirror_may_be_for_tags_or_digests_alone(said: str, by_tag: int, by_digest: int) -> None:
    text = f'[[registry]]\nlocation = "a.io"\n[[registry.mirror]]\nlocation = "m.io"\npull-from-mirror = "{said}"'
    assert len(asked(of(text), "a.io/x")) == by_tag
    assert len(asked(of(text), f"a.io/x@{DIGEST}")) == by_digest
    assert len(asked(of(text), f"a.io/x:1@{DIGEST}")) == by_digest


def test_all_mirrors_may_be_for_digests_alone() -> None:
    mirrors = '[[registry.mirror]]\nlocation = "m.io"\n'
    text = f'[[registry]]\nlocation = "a.io"\nmirror-by-digest-only = true\n{mirrors}'
    assert asked(of(text), "a.io/x") == ["a.io/x"]
    assert asked(of(text), f"a.io/x@{DIGEST}") == ["m.io/x", "a.io/x"]
    with pytest.raises(InvalidInput, match="pull-from-mirror stands beside mirror-by-digest-only"):
        of(f'{text}pull-from-mirror = "all"')


def test_what_is_blocked_is_neither_pulled_nor_pushed_nor_logged_in_to() -> None:
    configuration = of('[[registry]]\nprefix = "bad.io"\nblocked = true')
    full = reference.parse("bad.io/x")
    for ask in (configuration.endpoints, configuration.push_endpoint):
        with pytest.raises(InvalidInput, match=r"bad\.io/x:latest is blocked"):
            ask(full)
    with pytest.raises(InvalidInput, match=r"bad\.io is blocked"):
        configuration.host_endpoint("bad.io")


def test_a_push_goes_to_the_location_and_to_no_mirror() -> None:
    configuration = of(EXAMPLE)
    assert configuration.push_endpoint(reference.parse("example.com/foo/x")).host == "internal.example.net"
    assert configuration.push_endpoint(reference.parse("other.io/x")) == Endpoint("other.io", "x")


def test_a_login_is_to_the_host_itself_trusted_as_its_images_are() -> None:
    configuration = of(EXAMPLE)
    assert configuration.host_endpoint("mirror-1.local") == Endpoint("mirror-1.local", insecure=True)
    assert configuration.host_endpoint("mirror-0.local") == Endpoint("mirror-0.local")
    assert configuration.host_endpoint("index.docker.io") == Endpoint("docker.io")
    wild = of('[[registry]]\nprefix = "*.lab.local"\ninsecure = true')
    assert wild.host_endpoint("a.lab.local").insecure
    assert not wild.host_endpoint("lab.local").insecure


def names(text: str, configuration: Configuration) -> list[str]:
    return [str(full) for full in full_references(text, configuration)]


def test_a_short_name_is_docker_hub_s_unless_something_else_is_configured() -> None:
    assert names("alpine:3", Configuration()) == ["docker.io/library/alpine:3"]
    assert names("team/app", Configuration()) == ["docker.io/team/app:latest"]
    assert names("quay.io/a", Configuration()) == ["quay.io/a:latest"]


def test_a_short_name_is_looked_for_in_each_registry_in_order() -> None:
    configuration = of('unqualified-search-registries = ["a.io", "docker.io", "localhost:5000"]')
    assert names("x", configuration) == ["a.io/x:latest", "docker.io/library/x:latest", "localhost:5000/x:latest"]


def test_an_alias_is_what_it_says_and_nothing_else_is_looked_for() -> None:
    configuration = of('[aliases]\n"app" = "quay.io/team/app"\n"a/b" = "c.io/d"')
    assert names("app:2", configuration) == ["quay.io/team/app:2"]
    assert names(f"app@{DIGEST}", configuration) == [f"quay.io/team/app@{DIGEST}"]
    assert names("a/b", configuration) == ["c.io/d:latest"]
    assert names("docker.io/app", configuration) == ["docker.io/library/app:latest"]


def test_no_registry_for_short_names_means_that_none_is_asked() -> None:
    with pytest.raises(NotFound, match="names no registry") as caught:
        full_references("x", of("unqualified-search-registries = []"))
    assert "/etc/containers/registries.conf" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x = = 1", r"is not TOML.*line 1"),
        ("a = 1\nb = ]", r"is not TOML.*line 2"),
        ("[" * 5000, "is not TOML"),
        ("[registries.search]\nregistries = ['a.io']", "version 1"),
        ("unqualified-search-registries = 'a.io'", "unqualified-search-registries|unqualified_search"),
        ("unqualified-search-registries = ['a.io/path']", "is not a host"),
        ("unqualified-search-registries = ['http://a.io']", "is not HOST"),
        ("[[registry]]\ninsecure = true", "line 1: .*neither prefix nor location"),
        ("\n\n[[registry]]\nlocation='a.io'\n[[registry]]\nlocation='a.io'\ninsecure = 'yes'", "line 5: .*insecure"),
        ("[[registry]]\nprefix = 'https://a.io'", "line 1: prefix 'https://a.io' is not HOST"),
        ("[[registry]]\nprefix = '*.a.io/path'", "line 1: prefix 'a.io/path' is not a host"),
        ("[[registry]]\nprefix = 'a.*.io'", "line 1: prefix"),
        ("[[registry]]\nprefix = 'a.io'\nlocation = 'b.io/x:1'", "line 1: location"),
        ("[[registry]]\nprefix = 'a.io'\n[[registry.mirror]]\ninsecure = true", "location of a mirror"),
        ("[[registry]]\nprefix = 'a.io'\n[[registry.mirror]]\nlocation = 'b.io'\npull-from-mirror = 'x'", "line 1: "),
        ("[aliases]\n'a.io/x' = 'b.io/x'", "alias 'a.io/x' is not"),
        ("[aliases]\n'x:1' = 'b.io/x'", "alias 'x:1' is not"),
        ("[aliases]\n'x' = 'b.io/x:1'", "alias 'x' is not"),
        ("[aliases]\n'x' = 'b'", "alias 'x' is not"),
        ("[aliases]\n'X Y' = 'b.io/x'", "alias 'X Y' is not"),
        ("[aliases]\nx = 7", "aliases"),
    ],
)
def test_a_file_that_is_wrong_is_named_with_what_is_wrong(text: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words) as caught:
        of(text)
    assert "/etc/containers/registries.conf" in caught.value.message


def test_bytes_that_are_no_text_are_told_with_their_line() -> None:
    with pytest.raises(InvalidInput, match="/x, line 2: this is not UTF-8"):
        parse(b"# one\n# \xff\n", "/x")


def test_keys_of_other_programs_pass() -> None:
    text = 'short-name-mode = "enforcing"\ncredential-helpers = ["x"]\n[[registry]]\nlocation = "a.io"\nnew-key = 1'
    assert len(of(text).rules) == 1


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    (tmp_path / "etc/registries.conf.d").mkdir(parents=True)
    (tmp_path / "home/.config/containers/registries.conf.d").mkdir(parents=True)
    return tmp_path / "etc"


def loaded(etc: Path, **environment: str) -> Configuration:
    return load({"HOME": str(etc.parent / "home"), **environment}, str(etc))


def test_without_files_docker_hub_is_what_short_names_mean(etc: Path) -> None:
    assert loaded(etc) == Configuration()
    assert load({}, str(etc)) == Configuration()


def test_later_files_win(etc: Path) -> None:
    dropped, own = etc / "registries.conf.d", etc.parent / "home/.config/containers/registries.conf.d"
    (etc / "registries.conf").write_text('unqualified-search-registries = ["a.io"]\n[[registry]]\nlocation = "x.io"')
    (dropped / "10.conf").write_text(
        '[[registry]]\nlocation = "x.io"\ninsecure = true\n[aliases]\na = "a.io/a"\nb = "b.io/b"'
    )
    (dropped / "20.conf").write_text('[aliases]\na = "c.io/a"\nb = ""')
    (dropped / "30.other").write_text("nonsense")
    (dropped / "40.conf").mkdir()
    (own / "10.conf").write_text('unqualified-search-registries = ["b.io", "a.io"]')
    found = loaded(etc)
    assert found.search == ("b.io", "a.io")
    assert found.origin == str(own / "10.conf")
    assert [rule.insecure for rule in found.rules] == [True]
    assert found.aliases == {"a": "c.io/a"}


def test_a_user_s_own_file_replaces_the_host_s(etc: Path) -> None:
    (etc / "registries.conf").write_text('unqualified-search-registries = ["a.io"]')
    (etc / "registries.conf.d/1.conf").write_text('[aliases]\na = "a.io/a"')
    (etc.parent / "home/.config/containers/registries.conf").write_text('unqualified-search-registries = ["b.io"]')
    assert loaded(etc) == Configuration(("b.io",), origin=str(etc.parent / "home/.config/containers/registries.conf"))


def test_the_environment_names_another_file_and_another_folder(etc: Path, tmp_path: Path) -> None:
    (etc / "registries.conf").write_text('unqualified-search-registries = ["a.io"]')
    (etc / "registries.conf.d/1.conf").write_text('[aliases]\na = "a.io/a"')
    (tmp_path / "other.conf").write_text('unqualified-search-registries = ["b.io"]')
    found = loaded(etc, CONTAINERS_REGISTRIES_CONF=str(tmp_path / "other.conf"))
    assert (found.search, found.aliases) == (("b.io",), {"a": "a.io/a"})
    found = loaded(
        etc,
        CONTAINERS_REGISTRIES_CONF=str(tmp_path / "other.conf"),
        CONTAINERS_REGISTRIES_CONF_DIR=str(tmp_path / "no"),
    )
    assert (found.search, found.aliases) == (("b.io",), {})


def test_a_file_that_cannot_be_read_is_named(etc: Path) -> None:
    (etc / "registries.conf").write_bytes(b"#" * (2 << 20))
    with pytest.raises(InvalidInput, match=r"registries.conf cannot be read"):
        loaded(etc)
