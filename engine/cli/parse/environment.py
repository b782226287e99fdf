"""`-e`, `--env-file`, `--label`, `--label-file`."""

from collections.abc import Iterable, Mapping

from engine.errors import InvalidInput

FILE_MAX_BYTES = 4 << 20


def parse_variable(text: str, environ: Mapping[str, str]) -> str | None:
    """`KEY=VALUE` as it is; `KEY` with the value in `environ`, None where it has none. Raises `InvalidInput`."""
    name, equals, _value = text.partition("=")
    if not name or "\0" in text:
        raise InvalidInput(f"'{text}' is not an environment variable", hint="NAME=VALUE, or NAME to pass it on")
    if equals:
        return text
    return f"{name}={environ[name]}" if name in environ else None


def parse_variable_file(text: str, path: str, environ: Mapping[str, str]) -> list[str]:
    """The variables of a file: one a line, comments with #, no quoting. Raises `InvalidInput`."""
    found: list[str] = []
    for number, line in _lines(text):
        name = line.partition("=")[0]
        if not name or any(character.isspace() for character in name):
            raise InvalidInput(f"line {number} of {path} is not a variable", hint="NAME=VALUE, one a line")
        variable = parse_variable(line, environ)
        if variable is not None:
            found.append(variable)
    return found


def parse_labels(texts: Iterable[str]) -> dict[str, str]:
    """`KEY=VALUE` or `KEY` each; the last one of a key counts. Raises `InvalidInput`."""
    labels: dict[str, str] = {}
    for text in texts:
        key, _equals, value = text.partition("=")
        if not key.strip():
            raise InvalidInput(f"'{text}' is not a label", hint="KEY=VALUE, or KEY")
        labels[key] = value
    return labels


def parse_label_file(text: str) -> list[str]:
    """The labels of a file, one a line, comments with #."""
    return [line for _number, line in _lines(text)]


def read_text(path: str) -> str:
    """The text of a file that a flag names. Raises `InvalidInput`."""
    try:
        with open(path, "rb") as file:
            data = file.read(FILE_MAX_BYTES + 1)
        if len(data) > FILE_MAX_BYTES:
            raise InvalidInput(f"{path} is larger than {FILE_MAX_BYTES >> 20} MiB", hint="is it the right file?")
        return data.decode()
    except OSError as err:
        raise InvalidInput(f"{path} cannot be read: {err.strerror}", hint="check the path") from err
    except UnicodeDecodeError as err:
        raise InvalidInput(f"{path} is not UTF-8 text", hint="is it the right file?") from err


def _lines(text: str) -> Iterable[tuple[int, str]]:
    """Numbered lines that say something; leading white space does not count."""
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), 1):
        stripped = line.rstrip("\r").lstrip()
        if stripped and not stripped.startswith("#"):
            yield number, stripped
