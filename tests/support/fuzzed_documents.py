"""What atheris runs: bytes of strangers against all that reads documents and names. Its own process, since it ends it.

    python tests/support/fuzzed_documents.py -runs=20000 FOLDER_OF_EXAMPLES

The first byte says which reader gets the others.
"""

import sys
from collections.abc import Callable
from contextlib import suppress

import atheris

with atheris.instrument_imports(include=["engine.image"]):
    from engine.errors import EngineError
    from engine.image import oci, platform, reference


def _manifest(data: bytes) -> None:
    found = oci.read_manifest(data)
    again = oci.read_manifest(oci.encode(found), found.media_type)
    assert again == found
    if isinstance(found, oci.Manifest):
        oci.check_image(found)
    else:
        platform.choose(found, platform.parse("linux/arm/v7"))


def _config(data: bytes) -> None:
    found = oci.read_config(data)
    assert oci.time_ns(found.created) >= 0
    platform.is_for(found.platform, platform.host())


def _reference(data: bytes) -> None:
    text = data.decode("utf-8", "replace")
    found = reference.parse(text)
    assert reference.parse(str(found)) == found
    for candidate in reference.candidates(text):
        assert reference.candidates(str(candidate)) == (candidate,)
        assert str(candidate).isprintable()


def _platform(data: bytes) -> None:
    found = platform.parse(data.decode("utf-8", "replace"))
    assert platform.parse(str(found)) == found


def _digest(data: bytes) -> None:
    assert len(oci.read_digest(data.decode("utf-8", "replace"))) == len("sha256:") + 64


def _with_type(data: bytes) -> None:
    length = data[0] if data else 0
    oci.read_manifest(data[1 + length :], data[1 : 1 + length].decode("utf-8", "replace"))


READERS: tuple[Callable[[bytes], None], ...] = (_manifest, _config, _reference, _platform, _digest, _with_type)


def read(data: bytes) -> None:
    """Whatever is no error in words is a finding."""
    if data:
        with suppress(EngineError):
            READERS[data[0] % len(READERS)](data[1:])


if __name__ == "__main__":
    atheris.Setup(sys.argv, read)
    atheris.Fuzz()
