"""Puts an image into a registry: its layers, three at once, then its config, then the manifest that names them.

    image -> layers, compressed on their way where they are plain -> config -> manifest, rewritten where layers changed
             asked for first; mounted from another repository of the registry that is known to have them

The manifest goes last, so that a tag never names what is not there.
"""

from http import HTTPStatus
from typing import Any, Final

from engine.errors import EngineError, InvalidInput
from engine.image import reference
from engine.image.formats.saying import Say
from engine.image.oci import Descriptor, Manifest
from engine.image.reference import Reference
from engine.image.registry.contents import Compressed, Content, Stored
from engine.image.registry.crew import Crew, together
from engine.image.registry.http.retries import Patience
from engine.image.registry.http.transport import Registry
from engine.image.registry.packing import Memory, Wish, packed, rewritten, wish
from engine.image.registry.places import Places
from engine.image.registry.progress import LayerProgress, Teller
from engine.image.registry.sources import PUSH, Access, destination
from engine.image.registry.upload import Upload, has, mounted
from engine.image.store.blobs import sha256
from engine.image.store.images import Store
from engine.model.image import Image

_PATIENCE: Final = Patience()
_CREATED: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})


def push(
    store: Store,
    name: str,
    target: str = "",
    *,
    compression: str = "",
    level: int | None = None,
    everything: bool = False,
    tls_verify: bool | None = None,
    cert_dir: str | None = None,
    patience: Patience = _PATIENCE,
    say: Say,
) -> dict[str, Any]:
    """Put the image `name` where `target` says, which is the same name where it is empty.

    `compression` is that of layers that are not compressed yet, with `everything` of all: gzip (the default), zstd or
    none. `{"name", "digest", "size"}`: of the manifest, as the registry has it.
    Raises NotFound, InvalidInput, Unreachable.
    """
    wanted = wish(compression, level, everything)
    image = store.find(name)
    to, teller = _full(target or name), Teller(say)
    access = Access(tls_verify, cert_dir, patience)
    with access.opened(destination(to), PUSH, teller) as registry, store.adding():
        return _Push(store, image, to, registry, wanted, patience, teller).run()


def _full(name: str) -> Reference:
    """Where a name leads: a tag in a registry. Raises InvalidInput."""
    to = reference.candidates(name)[-1]
    if to.registry == reference.LOCAL:
        raise InvalidInput(
            f"{to} is a name on this host and not in a registry", hint=f"say where to: qd push {name} HOST/{to.path}"
        )
    if to.digest:
        raise InvalidInput(f"{name} has a digest, but what is pushed gets its own", hint="push to a tag: NAME:TAG")
    return to


class _Push:
    """One image on its way to one tag."""

    def __init__(
        self,
        store: Store,
        image: Image,
        to: Reference,
        registry: Registry,
        wanted: Wish,
        patience: Patience,
        say: Say,
    ) -> None:
        self._store = store
        self._image = image
        self._to = to
        self._registry = registry
        self._wanted = wanted
        self._patience = patience
        self._say = say
        self._places = Places(store, to)

    @property
    def _repository(self) -> str:
        return f"{self._to.registry}/{self._to.path}"

    def run(self) -> dict[str, Any]:
        """Send what is not there, and the manifest."""
        data, manifest = self._store.layout.blobs.read(self._image.digest), self._store.manifest(self._image)
        layers = self._layers(manifest)
        data, media_type = rewritten(data, manifest, layers)
        digest = self._manifest(data, media_type)
        self._store.add_origins(_called(self._image), [f"{self._repository}@{digest}"])
        return {"name": str(self._to), "digest": digest, "size": len(data)}

    def _layers(self, manifest: Manifest) -> list[Descriptor]:
        """All layers, and the config; the descriptors of the layers as the registry has them."""
        with together() as crew:
            first = {layer.digest: index for index, layer in reversed(list(enumerate(manifest.layers)))}
            bars = {digest: LayerProgress(self._say, digest, manifest.layers[n].size) for digest, n in first.items()}
            for layer in manifest.layers:
                bars[layer.digest]("waiting")
            sent = {
                digest: crew.start(self._layer, manifest.layers[index], index, bars[digest], crew)
                for digest, index in first.items()
            }
            bar = LayerProgress(self._say, manifest.config.digest, manifest.config.size)
            config = crew.start(self._as_it_is, manifest.config, bar, crew)
            layers = [crew.result(sent[layer.digest]) for layer in manifest.layers]
            crew.result(config)
            return layers

    def _layer(self, layer: Descriptor, index: int, bar: LayerProgress, crew: Crew) -> Descriptor:
        if self._wanted.is_met(layer):
            return self._as_it_is(layer, bar, crew)
        memory = Memory(self._store, self._image.layers, index)
        known = memory.find(self._wanted)
        blob = packed(layer, known.kind, known.digest, known.size) if known else None
        noted = known.repositories if known else ()
        if blob is None or not self._is_there(blob, noted, bar):
            content = Compressed(self._store.layout.blobs, layer, self._wanted.kind, self._wanted.level)
            self._send(content, bar, crew)
            assert content.size is not None, "it has been sent to its end"
            blob = packed(layer, self._wanted.kind, content.digest, content.size)
        memory.note(self._wanted, blob, self._repository)
        return blob

    def _as_it_is(self, blob: Descriptor, bar: LayerProgress, crew: Crew) -> Descriptor:
        if not self._is_there(blob, (), bar):
            self._send(Stored(self._store.layout.blobs, blob), bar, crew)
        return blob

    def _is_there(self, blob: Descriptor, noted: tuple[str, ...], bar: LayerProgress) -> bool:
        """Whether the repository has the blob, perhaps by taking it over from another one."""
        if has(self._registry, blob.digest):
            bar("exists", bar.total)
            return True
        for other in self._places.of(blob.digest, noted):
            if mounted(self._registry, blob.digest, other):
                bar("mounted", bar.total)
                return True
        return False

    def _send(self, content: Content, bar: LayerProgress, crew: Crew) -> None:
        Upload(self._registry, content, bar, crew, self._patience).run()
        bar("done", bar.total)

    def _manifest(self, data: bytes, media_type: str) -> str:
        """Put it under its tag; its digest, which the registry agrees upon. Raises EngineError where it does not."""
        headers = {"Content-Type": media_type}
        answer = self._registry.request(
            "PUT", f"manifests/{self._to.tag}", headers=headers, content=data, expected=_CREATED
        )
        digest = sha256(data)
        said = answer.headers.get("Docker-Content-Digest", digest)
        if said != digest:
            raise EngineError(f"the registry took the manifest {digest} for {said!a:.90}", hint="try again")
        return digest


def _called(image: Image) -> str:
    return image.names[0] if image.names else image.id
