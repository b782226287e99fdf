"""Reading and writing documents. What a stranger wrote is taken for one thing or for none.

A document that two programs could read differently is refused: one with the fields of two kinds, one whose media type
is not its shape, one that says a key twice, whether or not in the same case, since there are readers that keep the
first and such that keep the last.

Source: OCI image-spec 1.1, manifest.md and image-index.md; distribution-spec 1.1, "Pulling manifests"; CVE-2021-41190.
"""

import json
import re
from datetime import UTC, datetime
from typing import Any, Final, TypeVar

import msgspec

from engine.errors import EngineError, InvalidInput
from engine.image.oci import media_types
from engine.image.oci.descriptors import Config, Index, Manifest
from engine.model.value import Value

DOCUMENT_MAX: Final = 4 << 20
"""Bytes of one document, as registries bound it."""
SCHEMA_VERSION: Final = 2
_SHOWN_MAX: Final = 80

_DIGEST: Final = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_OLD_FIELDS: Final = frozenset({"fsLayers", "signatures"})
"""Of Docker's schema 1."""

T = TypeVar("T", bound=Value)


def read_manifest(data: bytes, content_type: str = "") -> Manifest | Index:
    """A manifest or an index, as it came; `content_type` is what the sender called it, or what its descriptor said.

    Fields that are not known pass. Raises InvalidInput in words for everything else.
    """
    document = _document(data, "the manifest")
    _refuse_old(document, content_type)
    kind = _kind(document)
    types = media_types.MANIFESTS if kind is Manifest else media_types.INDEXES
    media_type = _media_type(document, content_type, types)
    return _converted({**document, "mediaType": media_type}, kind, "the manifest")


def read_config(data: bytes) -> Config:
    """An image config, as it came. Raises InvalidInput."""
    config = _converted(_document(data, "the image config"), Config, "the image config")
    if config.rootfs.type != "layers":
        raise InvalidInput(f"the image's root is made of {shown(config.rootfs.type)} and not of layers")
    return config


def read_digest(text: str) -> str:
    """A digest, checked. Raises InvalidInput for another grammar, and for an algorithm that is not known."""
    if not _DIGEST.fullmatch(text):
        raise InvalidInput(f"{shown(text)} is not a digest", hint="a digest is sha256: and 64 hex digits")
    return text


def decode(data: bytes, kind: type[T], what: str) -> T:
    """A document of the store's own, checked. Raises EngineError, which calls it `what`."""
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as err:
        raise EngineError(f"{what} is damaged: {err}", hint="remove the image and get it again") from err


def decode_any(data: bytes) -> dict[str, Any]:
    """A document that has been checked already, whole."""
    document: dict[str, Any] = msgspec.json.decode(data, type=dict[str, Any])
    return document


def encode(document: Value | dict[str, Any]) -> bytes:
    """A document as it is stored: without spaces, in a fixed order, so that equal content has equal digests."""
    return msgspec.json.encode(document, order="deterministic")


def time_ns(created: str) -> int:
    """An RFC 3339 time in nanoseconds since the epoch; 0 where it is none."""
    try:
        moment = datetime.fromisoformat(created)
    except ValueError:
        return 0
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0, int(moment.timestamp()) * 1_000_000_000 + moment.microsecond * 1000)


def shown(text: object) -> str:
    """A stranger's word as it may stand in a message: short, quoted, without control characters."""
    word = str(text)
    return ascii(word if len(word) <= _SHOWN_MAX else f"{word[:_SHOWN_MAX]}...")


def _document(data: bytes, what: str) -> dict[str, Any]:
    """The object, without keys that are null, as Go's programs write what is missing."""
    if len(data) > DOCUMENT_MAX:
        raise InvalidInput(f"{what} has more than {DOCUMENT_MAX} bytes", hint="no image needs so much: do not trust it")
    try:
        msgspec.json.decode(data)  # stricter than json: no NaN, no half of a surrogate pair, UTF-8 alone
        document = json.loads(data, object_pairs_hook=_object)
    except (msgspec.DecodeError, ValueError, RecursionError) as err:
        raise InvalidInput(f"{what} is not JSON that can be trusted: {err}") from err
    if not isinstance(document, dict):
        raise InvalidInput(f"{what} is not a JSON object")
    if len({key.lower() for key in document}) < len(document):
        raise InvalidInput(f"{what} has a key twice in different cases")
    return document


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(pairs)
    if len(document) < len(pairs):
        raise ValueError("an object has a key twice")
    return {key: value for key, value in pairs if value is not None}


def _refuse_old(document: dict[str, Any], content_type: str) -> None:
    if not isinstance(document.get("mediaType", ""), str):
        raise InvalidInput("the manifest's mediaType is not a string")
    says = {media_types.without_parameters(content_type), document.get("mediaType")}
    if document.get("schemaVersion") == 1 or says & media_types.SCHEMA_1 or _OLD_FIELDS & document.keys():
        raise InvalidInput(
            "the image has a manifest of Docker's schema 1, which is not supported",
            hint="push it again with a tool of these years, which writes schema 2 or OCI",
        )
    if document.get("schemaVersion") != SCHEMA_VERSION:
        raise InvalidInput(f"the manifest has the schemaVersion {shown(document.get('schemaVersion'))} and not 2")


def _kind(document: dict[str, Any]) -> type[Manifest] | type[Index]:
    """By the fields that it has."""
    of_image = {"config", "layers"} & document.keys()
    of_index = {"manifests"} & document.keys()
    if of_image and of_index:
        raise InvalidInput(
            "the manifest says that it is an image and an index at once", hint="do not trust where it came from"
        )
    if of_index:
        return Index
    if of_image != {"config", "layers"}:
        raise InvalidInput("the manifest is neither an image's nor an index: it has no 'config' with 'layers'")
    return Manifest


def _media_type(document: dict[str, Any], content_type: str, known: frozenset[str]) -> str:
    """What the document is, by itself and by what it was called. Both must be of its shape, and the same."""
    claimed = media_types.without_parameters(content_type)
    claim = "" if claimed in media_types.GENERIC else claimed
    own = document.get("mediaType", "")
    for word, source in ((own, "says of itself"), (claim, "was called by its sender")):
        if word and word not in known:
            raise InvalidInput(f"the manifest is not what it {source}: {shown(word)}")
    if own and claim and own != claim:
        raise InvalidInput(f"the manifest was called {shown(claim)} by its sender, but says that it is {shown(own)}")
    return own or claim or (media_types.MANIFEST if known is media_types.MANIFESTS else media_types.INDEX)


def _converted(document: dict[str, Any], kind: type[T], what: str) -> T:
    try:
        return msgspec.convert(document, type=kind)
    except msgspec.ValidationError as err:
        raise InvalidInput(f"{what} is not valid: {_reason(str(err))}") from err


def _reason(message: str) -> str:
    """A pattern means nothing to a person; the one that there is, is that of digests."""
    if "matching regex" not in message:
        return message
    return f"a digest is sha256: and 64 hex digits{message.partition('$')[1] and ', at $' + message.partition('$')[2]}"
