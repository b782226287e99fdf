"""Gets an image from a registry: what is there already is not fetched again, and nothing wrong is kept.

    name -> sources (short names, mirrors first) -> manifest -> config -> layers, three at once
                                                                             | unpacked from the bottom up,
                                                                             v as soon as they are there
                                                                           store

A source that fails is followed by the next one, which goes on from what has come.
"""

from concurrent.futures import Future
from typing import Any, Final

from engine.archive.limits import BYTES_VARIABLE, Limits
from engine.errors import EngineError, InvalidInput, NotFound, Unreachable
from engine.image import oci
from engine.image import platform as platforms
from engine.image.formats.saying import Say
from engine.image.oci import Config, Descriptor, Manifest, Platform
from engine.image.reference import Reference
from engine.image.registry import documents
from engine.image.registry.crew import Crew, together
from engine.image.registry.documents import Found
from engine.image.registry.download import download
from engine.image.registry.http.retries import Patience
from engine.image.registry.http.transport import Registry
from engine.image.registry.progress import LayerProgress, Teller
from engine.image.registry.sources import PULL, Access, sources
from engine.image.registry.tags import tags
from engine.image.store import naming
from engine.image.store.images import Store
from engine.image.store.ingest import unpack_layer

_DEFAULT: Final = Limits()
_PATIENCE: Final = Patience()
_FAILURES_MAX: Final = 5


def pull(
    store: Store,
    name: str,
    *,
    platform: str = "",
    limits: Limits = _DEFAULT,
    tls_verify: bool | None = None,
    cert_dir: str | None = None,
    patience: Patience = _PATIENCE,
    say: Say,
) -> dict[str, Any]:
    """Get the image that `name` means: `{"id", "name", "digest", "status": "downloaded" | "current", "warning"}`.

    `platform` is one as people write it; empty is this machine's. `digest` is of the index, where there is one.
    Raises NotFound, InvalidInput, Unreachable. After the last of them what has come may be gone on from; after
    anything else nothing of the image is kept.
    """
    wanted = platforms.parse(platform) if platform else None
    access = Access(tls_verify, cert_dir, patience)
    try:
        return _from_one(store, name, wanted, limits, access, Teller(say))
    except Unreachable:
        raise
    except BaseException:
        store.sweep()
        raise


def pull_all(store: Store, name: str, *, say: Say, **how: Any) -> list[dict[str, Any]]:
    """Get all tags of a repository, one after the other, as `pull` does. Raises what it raises, at the first."""
    if naming.repository(name) != name:
        raise InvalidInput(f"{name} has a tag, when all are asked for", hint=f"write {naming.repository(name)}")
    access = Access(how.get("tls_verify"), how.get("cert_dir"), how.get("patience", _PATIENCE))
    repository, found = _tags(name, access, say)
    return [pull(store, f"{repository}:{tag}", say=say, **how) for tag in found]


def _tags(name: str, access: Access, say: Say) -> tuple[str, list[str]]:
    """The full name of a repository, and its tags."""
    failures: list[EngineError] = []
    for source in sources(name):
        try:
            with access.opened(source.endpoint, PULL, say) as registry:
                return naming.repository(str(source.reference)), tags(registry)
        except EngineError as err:
            failures.append(err)
    raise _told(failures)


def _from_one(
    store: Store, name: str, wanted: Platform | None, limits: Limits, access: Access, say: Say
) -> dict[str, Any]:
    """From the first source that has it whole."""
    failures: list[EngineError] = []
    for source in sources(name):
        try:
            with access.opened(source.endpoint, PULL, say) as registry:
                return _Pull(store, source.reference, registry, limits, access.patience, say).run(wanted)
        except EngineError as err:
            failures.append(err)
    raise _told(failures)


def _told(failures: list[EngineError]) -> EngineError:
    """The last failure, which is of what the name itself says; the others, of mirrors and other meanings, beside."""
    *others, last = failures
    if not others:
        return last
    words = "; ".join(dict.fromkeys(err.message for err in others[:_FAILURES_MAX]))
    return type(last)(last.message, hint=f"{last.hint}; tried before: {words}".lstrip("; "), errno=last.errno)


class _Pull:
    """One image from one source."""

    def __init__(
        self, store: Store, name: Reference, registry: Registry, limits: Limits, patience: Patience, say: Say
    ) -> None:
        self._store = store
        self._name = name
        self._registry = registry
        self._limits = limits
        self._patience = patience
        self._say = say

    def run(self, wanted: Platform | None) -> dict[str, Any]:
        """Fetch what is missing, and keep the image."""
        found = documents.find(self._registry, self._name.digest or self._name.tag, wanted or platforms.host())
        _check_sizes(found.manifest, self._limits)
        with self._store.adding():
            config = self._config(found.manifest)
            warning = _check_platform(config, wanted)
            self._layers(found.manifest, config)
            return {**self._keep(found), "warning": warning}

    def _config(self, manifest: Manifest) -> Config:
        blobs, pointer = self._store.layout.blobs, manifest.config
        is_there = blobs.has(pointer)
        data = blobs.read(pointer.digest) if is_there else documents.config(self._registry, pointer)
        config = oci.read_config(data)
        oci.check_layers(manifest, config)
        if not is_there:
            blobs.add(data)
        return config

    def _layers(self, manifest: Manifest, config: Config) -> None:
        bars = {layer.digest: LayerProgress(self._say, layer.digest, layer.size) for layer in manifest.layers}
        with together() as crew:
            coming = self._downloads(manifest, bars, crew)
            for index, layer in enumerate(manifest.layers):
                was_there = crew.result(coming[layer.digest])
                self._unpack(manifest, config, index, bars[layer.digest], was_there)

    def _downloads(self, manifest: Manifest, bars: dict[str, LayerProgress], crew: Crew) -> dict[str, "Future[bool]"]:
        """Each blob once, however many layers it is."""
        different: dict[str, Descriptor] = {layer.digest: layer for layer in manifest.layers}
        for bar in bars.values():
            bar("waiting")
        blobs = self._store.layout.blobs
        return {
            digest: crew.start(download, self._registry, blobs, layer, bars[digest], crew, self._patience)
            for digest, layer in different.items()
        }

    def _unpack(self, manifest: Manifest, config: Config, index: int, bar: LayerProgress, was_there: bool) -> None:
        diff_ids = config.rootfs.diff_ids
        is_there = was_there and self._store.layer_place(diff_ids, index) is not None

        def progress(done: int, total: int) -> None:
            if done < total:
                bar("unpacking", done, total)

        unpack_layer(self._store, manifest.layers, diff_ids, index, self._limits, progress)
        bar("exists" if is_there else "done", bar.total)

    def _keep(self, found: Found) -> dict[str, Any]:
        name = str(self._name)
        before = {image.digest for image in self._store.images() if name in (*image.names, *image.repo_digests)}
        repository = str(self._name._replace(tag="", digest=""))
        origins = [f"{repository}@{digest}" for digest in found.indexes]
        image = self._store.add_manifest(found.data, found.manifest.media_type, name, origins)
        status = "current" if found.digest in before else "downloaded"
        return {"id": image.id, "name": name, "digest": found.named, "status": status}


def _check_sizes(manifest: Manifest, limits: Limits) -> None:
    """No blob is larger than an archive may be that is not even compressed. Raises InvalidInput."""
    for layer in manifest.layers:
        if layer.size > limits.bytes_max:
            raise InvalidInput(
                f"the layer {layer.digest[:19]} is said to have {layer.size} bytes, more than {limits.bytes_max}",
                hint=f"if you trust it, set {BYTES_VARIABLE} to a larger number",
            )


def _check_platform(config: Config, wanted: Platform | None) -> str:
    """A warning where the image is for other machines than this one. Raises NotFound where another was asked for."""
    found = config.platform
    if not (found.os and found.architecture) or platforms.is_for(found, wanted or platforms.host()):
        return ""
    shown = ascii(str(found)).strip("'\"")
    if wanted is not None:
        raise NotFound(f"the image is not there for {wanted}", hint=f"it is there for {shown}")
    return f"the image is for {shown}, and this machine is {platforms.host()}: its programs will not run"
