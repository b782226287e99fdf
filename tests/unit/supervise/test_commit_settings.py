"""How containers of a commit are to be run: as the image says, and as the container was told."""

from typing import Any

from engine import model
from engine.supervise.images.committing import settings

OLD = {
    "Env": ["PATH=/bin", "A=1"],
    "Cmd": ["sh"],
    "Entrypoint": ["/entry"],
    "Labels": {"k": "old"},
    "ExposedPorts": {"80/tcp": {}},
}


def settled(old: dict[str, Any], **options: Any) -> dict[str, Any]:
    image = model.Image(
        id="sha256:1", names=(), digest="sha256:2", created_ns=0, size_bytes=0, layers=(), config={"config": old}
    )
    container = model.Container(
        id="c",
        name="c",
        image="i",
        image_id=image.id,
        command=("x",),
        created_ns=0,
        options=model.CreateOptions(image="i", **options),
        state=model.ContainerState(),
    )
    return settings(container, image)


def test_without_options_it_is_what_the_image_said() -> None:
    assert settled(OLD) == OLD


def test_what_the_container_was_told_comes_in_its_place() -> None:
    found = settled(
        OLD, command=("run",), env=("A=2", "B=3"), user="7", workdir="/w", labels={"k": "new"}, stop_signal="INT"
    )
    assert found["Cmd"] == ["run"]
    assert found["Entrypoint"] == ["/entry"]
    assert found["Env"] == ["PATH=/bin", "A=2", "B=3"]
    assert (found["User"], found["WorkingDir"], found["StopSignal"]) == ("7", "/w", "INT")
    assert found["Labels"] == {"k": "new"}
    assert found["ExposedPorts"] == {"80/tcp": {}}


def test_an_entrypoint_of_its_own_takes_the_images_command_away() -> None:
    assert settled(OLD, entrypoint=("/mine",)).get("Cmd") is None
    assert settled(OLD, entrypoint=(), command=("a",))["Cmd"] == ["a"]
    assert "Entrypoint" not in settled(OLD, entrypoint=(), command=("a",))


def test_an_image_without_a_config_has_only_what_the_container_was_told() -> None:
    assert settled({}, user="1") == {"User": "1"}
