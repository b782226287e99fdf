"""Instructions change the config of an image as Docker's would."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.instruction_cases import RIGHT, WRONG

from engine.errors import InvalidInput
from engine.image import instructions


@pytest.mark.parametrize("case", RIGHT)
def test_an_instruction_changes_what_it_says_and_nothing_else(case: str) -> None:
    texts, expected = RIGHT[case]
    changed = instructions.apply({"Cmd": ["old"], "Hostname": "kept"}, texts)
    wanted = {"Cmd": ["old"], "Hostname": "kept", **expected}
    assert changed == {key: value for key, value in wanted.items() if value is not None}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_instruction_is_refused_and_named(case: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        instructions.apply({}, [WRONG[case]])
    assert WRONG[case].split()[0] in caught.value.message
    assert caught.value.hint


def test_the_config_that_was_given_is_left_alone() -> None:
    config = {"Env": ["a=1"], "Labels": {"a": "1"}, "OnBuild": ["RUN x"]}
    before = {"Env": ["a=1"], "Labels": {"a": "1"}, "OnBuild": ["RUN x"]}
    instructions.apply(config, ["ENV b=2", "LABEL b=2", "ONBUILD RUN y", "VOLUME /v", "EXPOSE 1"])
    assert config == before


def test_a_shell_of_the_image_runs_its_commands() -> None:
    assert instructions.apply({"Shell": ["/bin/bash", "-ec"]}, ["CMD x"])["Cmd"] == ["/bin/bash", "-ec", "x"]


@pytest.mark.parametrize("config", [{"Env": "a=1"}, {"Env": [1]}, {"Labels": ["a"]}, {"WorkingDir": 1}])
def test_the_config_of_an_image_that_is_damaged_is_an_error_in_words(config: dict[str, object]) -> None:
    with pytest.raises(InvalidInput, match="damaged"):
        instructions.apply(config, ["ENV b=2"])


def test_an_empty_list_takes_a_command_away() -> None:
    assert instructions.apply({"Cmd": ["a"]}, ["CMD []"]) == {}


def test_variables_within_variables_have_an_end() -> None:
    with pytest.raises(InvalidInput, match="too many variables"):
        instructions.apply({}, ["ENV a=" + "${b:-" * 1000])


@given(st.lists(st.text(alphabet="AENVL \t\n\\\"'${}:-+=[],x1", max_size=60), max_size=4))
def test_whatever_is_written_is_applied_or_refused_in_words(texts: list[str]) -> None:
    prefixed = [f"ENV {text}" for text in texts]
    try:
        config = instructions.apply({}, prefixed)
    except InvalidInput as err:
        assert err.hint
    else:
        assert all("=" in entry for entry in config.get("Env", []))
