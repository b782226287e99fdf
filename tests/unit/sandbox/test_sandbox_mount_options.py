"""Words of mount options."""

from engine.kernel import const
from engine.sandbox.options import parse


def test_words_become_flags_and_the_rest_is_for_the_file_system() -> None:
    parsed = parse(["nosuid", "ro", "size=64m", "mode=755", "noexec"])
    assert parsed.flags == const.MS_NOSUID | const.MS_RDONLY | const.MS_NOEXEC
    assert parsed.data == "size=64m,mode=755"


def test_a_later_word_undoes_an_earlier_one() -> None:
    assert parse(["noexec", "nodev", "exec"]).flags == const.MS_NODEV
    assert parse(["ro", "rw"]).flags == 0


def test_a_bind_is_private_unless_it_says_otherwise() -> None:
    assert parse(["rbind"]).propagation == const.MS_PRIVATE
    assert parse(["rbind", "rslave"]).propagation == const.MS_SLAVE


def test_rbind_takes_what_is_mounted_below_and_bind_does_not() -> None:
    assert parse(["rbind"]).recursive
    assert not parse(["bind"]).recursive


def test_flags_become_attributes_of_a_bind() -> None:
    assert parse(["rbind", "ro", "nodev"]).attributes == const.MOUNT_ATTR_RDONLY | const.MOUNT_ATTR_NODEV
    assert parse(["rbind"]).attributes == 0
