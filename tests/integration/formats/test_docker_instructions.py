"""Docker itself makes of instructions what we do."""

import json

import pytest
from support.docker import IMAGE, Docker
from support.instruction_cases import RIGHT, WRONG

pytestmark = [pytest.mark.root, pytest.mark.requires("dockerd", "busybox")]


def _changed(docker: Docker, container: str, texts: list[str]) -> dict[str, object]:
    """The config of what Docker commits."""
    words = [word for text in texts for word in ("-c", text)]
    image = docker.out("commit", *words, container).strip()
    config: dict[str, object] = json.loads(docker.out("inspect", image))[0]["Config"]
    docker.out("rmi", image)
    return config


def test_docker_commits_the_same_config(docker: Docker) -> None:
    container = docker.out("create", "--network", "none", IMAGE, "old").strip()
    plain = _changed(docker, container, [])
    differences = {}
    for case, (texts, expected) in RIGHT.items():
        if "STOPSIGNAL" in texts[0]:
            continue  # its builds take it, its commit does not; podman's does
        got = _changed(docker, container, texts)
        plain_path = set(plain["Env"] or [])  # type: ignore[arg-type]
        got["Env"] = [entry for entry in got["Env"] or [] if entry not in plain_path]  # type: ignore[attr-defined]
        differing = {key: got.get(key) for key, value in expected.items() if (got.get(key) or None) != (value or None)}
        if differing:
            differences[case] = differing
    assert differences == {}


def test_docker_refuses_what_we_refuse(docker: Docker) -> None:
    container = docker.out("create", "--network", "none", IMAGE, "old").strip()
    taken = [case for case, text in WRONG.items() if docker.run("commit", "-c", text, container).returncode == 0]
    assert taken == []
