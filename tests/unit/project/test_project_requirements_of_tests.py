"""A test that cannot run says what it needs; a need that nobody knows is a mistake."""

import os

import pytest
from support import requirements


def test_an_unknown_requirement_is_an_error() -> None:
    with pytest.raises(LookupError, match="unknown requirement 'tmuks'"):
        requirements.requires("tmuks")


def test_a_missing_program_skips_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pytest.skip.Exception, match="needs tmux, nft"):
        requirements.requires("tmux", "nft")


def test_without_root_a_root_test_skips_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(pytest.skip.Exception, match="needs root"):
        requirements.requires("root")
