"""What atheris runs: bytes of strangers against all that reads documents and names. Its own process, since it ends it.

    PYTHONPATH=tests python -m support.fuzzed_documents -runs=20000 FOLDER_OF_EXAMPLES

The first byte says which reader gets the others.
"""

import atheris
from support import fuzzing

with atheris.instrument_imports(include=["engine.image"]):
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


READERS: tuple[fuzzing.Reader, ...] = (_manifest, _config, _reference, _platform, _digest, _with_type)


if __name__ == "__main__":
    fuzzing.main(fuzzing.choose(READERS))
