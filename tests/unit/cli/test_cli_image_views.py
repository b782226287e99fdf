"""`qd images --tree` shows each image below the one that it was made from, and `qd inspect` all of its digests."""

from engine.cli.image import tree
from engine.cli.image.inspection import image_view
from engine.cli.image.names import names_of
from engine.model import Image


def image(name: str, layers: str, size: int = 0) -> Image:
    return Image(
        id=f"sha256:{name.encode().hex():0>64}",
        names=(f"localhost/{name}:latest",) if name else (),
        digest=f"sha256:{name.encode().hex():0>64}",
        created_ns=0,
        size_bytes=size,
        layers=tuple(layers),
    )


BASE = image("base", "a", 5_000_000)
FAMILY = [image("late", "abc", 9_000_000), image("web", "ab", 7_000_000), image("db", "ax"), BASE, image("other", "q")]


def test_commits_stand_below_what_they_were_made_from() -> None:
    found = [
        (before, shown.names[0][10:-7], above and above.names[0][10:-7]) for before, shown, above in tree.lines(FAMILY)
    ]
    assert found == [
        ("", "base", None),
        ("├── ", "web", "base"),
        ("│   └── ", "late", "web"),
        ("└── ", "db", "base"),
        ("", "other", None),
    ]


def test_every_image_is_shown_once_even_where_two_are_alike() -> None:
    twins = [image("one", "ab"), image("two", "ab"), BASE]
    assert sorted(shown.names for _, shown, _ in tree.lines(twins)) == sorted(one.names for one in twins)


def test_no_images_make_no_tree() -> None:
    assert list(tree.lines([])) == []


def test_a_line_tells_what_an_image_has_added() -> None:
    lines = tree.write_tree(FAMILY, now_ns=120 * 10**9).splitlines()
    assert lines[0].split() == ["IMAGE", "IMAGE", "ID", "CREATED", "ADDED", "SIZE"]
    assert lines[2].startswith("├── localhost/web:latest")
    assert lines[2].split()[-2:] == ["2MB", "7MB"]


def test_names_of_strangers_are_shown_without_their_escapes() -> None:
    hostile = Image(id="sha256:1", names=("a\x1b[2J",), digest="sha256:1", created_ns=0, size_bytes=0, layers=("a",))
    assert "\x1b" not in tree.write_tree([hostile], now_ns=0)


def test_an_image_got_by_its_digest_has_no_tag_and_is_inspected_by_its_digests() -> None:
    digest = f"quay.io/a/b@sha256:{'1' * 64}"
    got = Image(
        id="sha256:1",
        names=("localhost/b:1", digest),
        digest="sha256:2",
        created_ns=0,
        size_bytes=0,
        layers=(),
        repo_digests=(digest,),
        author="me",
    )
    assert list(names_of(got)) == [("localhost/b", "1"), ("quay.io/a/b", "<none>")]
    view = image_view(got)
    assert (view["RepoTags"], view["RepoDigests"], view["Author"]) == (["localhost/b:1"], [digest], "me")
