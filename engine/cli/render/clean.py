"""What strangers wrote, made safe for a terminal."""


def printable(text: str) -> str:
    """The text with everything that a terminal would act on, or that has no shape, as spaces.

    `str.isprintable` is false for control and format characters (escapes, overrides of the writing direction), for
    surrogates and for line ends.
    """
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else " " for character in text)
