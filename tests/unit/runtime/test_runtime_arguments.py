"""Command lines in runc's grammar."""

import pytest

from engine.errors import InvalidInput
from engine.runtime import arguments
from engine.runtime.arguments import flag, many, value

OPTIONS = (flag("tty", "", "t"), value("bundle", "", "b"), many("env", "", "e"))


@pytest.mark.parametrize(
    "words",
    [["--bundle", "/b", "box"], ["--bundle=/b", "box"], ["-b", "/b", "box"], ["-bundle=/b", "box"], ["box", "-b=/b"]],
)
def test_a_value_is_taken_in_every_form_that_runc_takes(words: list[str]) -> None:
    given = arguments.parse(words, OPTIONS)
    assert given.text("bundle") == "/b"
    assert given.arguments == ["box"]


def test_the_last_value_counts_and_the_many_add_up() -> None:
    given = arguments.parse(["-b", "1", "-b", "2", "-e", "A=1", "--env=B=2"], OPTIONS)
    assert given.text("bundle") == "2"
    assert given.many == {"env": ["A=1", "B=2"]}


def test_an_option_that_is_not_given_is_empty_or_its_default() -> None:
    given = arguments.parse([], OPTIONS)
    assert (given.text("bundle"), given.text("bundle", "."), given.many["env"]) == ("", ".", [])
    assert not given.flags


@pytest.mark.parametrize(("word", "on"), [("--tty", True), ("-t=true", True), ("-t=1", True), ("--tty=false", False)])
def test_a_flag_may_have_a_truth_value(word: str, on: bool) -> None:
    assert ("tty" in arguments.parse([word], OPTIONS).flags) is on


def test_a_flag_that_is_neither_true_nor_false_is_refused() -> None:
    with pytest.raises(InvalidInput, match="invalid boolean value 'maybe' for -tty"):
        arguments.parse(["--tty=maybe"], OPTIONS)


def test_after_two_dashes_everything_is_an_argument() -> None:
    assert arguments.parse(["--", "box", "--tty", "--"], OPTIONS).arguments == ["box", "--tty", "--"]


def test_a_single_dash_is_an_argument() -> None:
    assert arguments.parse(["-", "-t"], OPTIONS).arguments == ["-"]


def test_without_mixing_the_first_argument_ends_the_options() -> None:
    given = arguments.parse(["-t", "box", "ls", "-t", "--", "--bundle"], OPTIONS, interleaved=False)
    assert given.arguments == ["box", "ls", "-t", "--", "--bundle"]
    assert given.flags == {"tty"}


def test_an_unknown_option_is_refused_in_runcs_words() -> None:
    with pytest.raises(InvalidInput, match="flag provided but not defined: -colour"):
        arguments.parse(["--colour=red"], OPTIONS)


def test_a_short_option_and_its_value_in_one_word_are_not_known() -> None:
    with pytest.raises(InvalidInput, match="not defined: -b5"):
        arguments.parse(["-b5"], OPTIONS)


def test_a_value_that_is_missing_is_told() -> None:
    with pytest.raises(InvalidInput, match="flag needs an argument: --bundle"):
        arguments.parse(["--bundle"], OPTIONS)


def test_the_number_of_arguments_is_checked_in_runcs_words() -> None:
    arguments.count(["a"], exactly=1, verb="state")
    arguments.count(["a", "b"], at_least=1, verb="ps")
    with pytest.raises(InvalidInput, match=r'"state" requires exactly 1 argument\(s\)'):
        arguments.count([], exactly=1, verb="state")
    with pytest.raises(InvalidInput, match=r'"ps" requires a minimum of 1 argument\(s\)'):
        arguments.count([], at_least=1, verb="ps")
