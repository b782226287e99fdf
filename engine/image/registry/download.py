"""Fetches one blob: goes on after a cut where it was cut, and believes nothing before its digest is right.

    GET /v2/NAME/blobs/DIGEST      Range: bytes=OFFSET-        where a part is there already
    200                            from the beginning: what is there is forgotten
    206                            from OFFSET on, as Content-Range must say

Source: distribution-spec 1.1, "Pulling blobs"; RFC 9110, section 14.
"""

from contextlib import closing
from http import HTTPStatus
from typing import Final

import httpx

from engine.errors import InvalidInput, Unreachable
from engine.image.oci import Descriptor
from engine.image.registry.crew import Crew
from engine.image.registry.http.retries import Patience
from engine.image.registry.http.transport import Registry
from engine.image.registry.progress import LayerProgress
from engine.image.registry.ranges import check_content_range
from engine.image.store import partial
from engine.image.store.blobs import Blobs
from engine.image.store.partial import PartialBlob

_WORTH_BYTES: Final = 64 << 10
"""So much more of a blob is a gain."""
_WAIT_SECONDS: Final = 0.2
"""Between looks at what somebody else fetches."""


def download(
    registry: Registry, blobs: Blobs, blob: Descriptor, progress: LayerProgress, crew: Crew, patience: Patience
) -> bool:
    """Let the blob be in the store, whoever fetches it; whether it was there already. Within `Store.adding()`.

    Raises InvalidInput for what is not this blob, Unreachable where it did not come after several tries.
    """

    def busy() -> None:
        progress("waiting")
        crew.rest(_WAIT_SECONDS)

    crew.check()
    with partial.opened(blobs, blob.digest, blob.size, busy) as part:
        if part is None:
            progress("exists", blob.size)
            return True
        _Download(registry, part, progress, crew, patience).run()
    return False


class _Download:
    """One blob on its way."""

    def __init__(
        self, registry: Registry, part: PartialBlob, progress: LayerProgress, crew: Crew, patience: Patience
    ) -> None:
        self._registry = registry
        self._part = part
        self._progress = progress
        self._crew = crew
        self._patience = patience
        self._of_others = part.offset > 0
        """What is there was left by an earlier try, and may be wrong."""

    def run(self) -> None:
        """Until all is there, and right."""
        failures = 0
        while not self._part.is_right:
            before = self._part.offset
            failure = self._try()
            failures = 1 if self._part.offset >= before + _WORTH_BYTES else failures + 1
            if self._part.offset < self._part.size:
                self._rest(failure, failures)
            elif not self._part.is_right and self._of_others:
                self._start_again()
            else:
                self._part.check()

    def _try(self) -> Exception | None:
        """Fetch what is missing; what cut it short."""
        offset = self._part.offset
        asked = {"Range": f"bytes={offset}-"} if offset else {}
        self._progress("downloading", offset)
        if offset == self._part.size:
            return None
        try:
            answer = self._registry.request(
                "GET",
                f"blobs/{self._part.digest}",
                headers=asked,
                stream=True,
                say=self._progress.told,
                expected={HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE},
            )
            with closing(answer):
                self._take(answer)
        except httpx.TransportError as err:
            return err
        return None

    def _take(self, answer: httpx.Response) -> None:
        """Write an answer's body behind what is there."""
        if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            ended = self._part.offset
            self._part.restart()
            raise InvalidInput(f"{self._part.digest[:19]} ends at {ended} of {self._part.size} bytes in the registry")
        if answer.status_code == HTTPStatus.PARTIAL_CONTENT:
            check_content_range(answer.headers.get("Content-Range", ""), self._part.offset, self._part.size)
        elif self._part.offset:
            self._start_again()
        for data in answer.iter_raw():
            self._part.write(data)
            self._progress("downloading", self._part.offset)
            self._crew.check()

    def _start_again(self) -> None:
        self._part.restart()
        self._of_others = False

    def _rest(self, failure: Exception | None, failures: int) -> None:
        """Before the next try. Raises Unreachable where there have been enough."""
        if failures >= self._patience.attempts:
            cuts = f"{self._part.digest[:19]} was cut {failures} times: {_reason(failure)}"
            raise Unreachable(cuts, hint="try again: it goes on where it was cut")
        seconds = self._patience.delay(failures)
        self._progress(f"retrying in {max(1, round(seconds))} s", self._part.offset)
        self._crew.rest(seconds)


def _reason(failure: Exception | None) -> str:
    return (failure and (str(failure) or type(failure).__name__)) or "the answer ended too early"
