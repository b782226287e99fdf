"""Where an image may be got from, and where it is put: names, as registries.conf and credentials complete them.

app:1    ->  docker.io/library/app:1  ->  mirror.example.com:5000/library/app, then docker.io/library/app
"""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from engine.image.reference import Reference
from engine.image.registry.access import credentials
from engine.image.registry.hosts.configuration import Configuration
from engine.image.registry.hosts.configuration_files import load
from engine.image.registry.hosts.endpoints import Endpoint
from engine.image.registry.hosts.short_names import full_references
from engine.image.registry.http.retries import Patience, Say
from engine.image.registry.http.transport import Registry, silent

PULL: Final = "pull"
PUSH: Final = "pull,push"


class Access(NamedTuple):
    """How registries are spoken to."""

    tls_verify: bool | None = None
    """What an operator says; None: as the configuration has it."""
    cert_dir: str | None = None
    """Certificates for this registry, instead of those of certs.d."""
    patience: Patience = Patience()

    def opened(self, endpoint: Endpoint, actions: str, say: Say = silent) -> Registry:
        """One repository, to be closed. Raises InvalidInput and EngineError for logins that cannot be read."""
        return Registry(
            endpoint,
            actions=actions,
            credentials=credentials.lookup(endpoint.host, endpoint.repository, say=say),
            tls_verify=self.tls_verify,
            cert_dir=self.cert_dir,
            patience=self.patience,
            say=say,
        )


class Source(NamedTuple):
    """One place that may have an image."""

    reference: Reference
    """What the image is called, wherever it comes from."""
    endpoint: Endpoint


def sources(name: str) -> Iterator[Source]:
    """All places that may have what `name` means, likeliest first. Raises InvalidInput, NotFound."""
    configuration = load()
    for reference in full_references(name, configuration):
        for endpoint in configuration.endpoints(reference):
            yield Source(reference, endpoint)


def destination(to: Reference, configuration: Callable[[], Configuration] = load) -> Endpoint:
    """Where a full reference is pushed to. Raises InvalidInput."""
    return configuration().push_endpoint(to)
