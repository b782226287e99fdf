"""Puts one blob into a repository, unless it is there.

    HEAD  blobs/DIGEST                       200: it is there
    POST  blobs/uploads/?mount=DIGEST&from=OTHER      201: it is there now, from another repository
    POST  blobs/uploads/                     202, Location: where the upload goes
    PUT   LOCATION?digest=DIGEST             small ones, whole
    PATCH LOCATION                           large ones, as one stream; 202, Location: where it goes on
    GET   LOCATION                           after a cut: 204, Range: 0-LAST says what has arrived
    PUT   LOCATION?digest=DIGEST             201

Source: distribution-spec 1.1, "Pushing blobs". One PATCH for all of it is what Docker and podman send, and so what
every registry takes; some that say they take several do not.
"""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final
from urllib.parse import quote, urlencode

import httpx

from engine.errors import EngineError, InvalidInput, NotFound, Unreachable
from engine.image.registry.contents import Content, Progress
from engine.image.registry.crew import Crew
from engine.image.registry.http.answers import Denied
from engine.image.registry.http.retries import Patience, Say
from engine.image.registry.http.transport import Registry
from engine.image.registry.progress import LayerProgress

WHOLE_MAX: Final = 1 << 20
"""Bytes of a blob that is sent in one request."""
_RANGE: Final = re.compile(r"(?:bytes=)?0-([0-9]{1,19})", re.ASCII)
_OCTETS: Final = "application/octet-stream"


def has(registry: Registry, digest: str) -> bool:
    """Whether the repository has a blob."""
    answer = registry.request("HEAD", f"blobs/{digest}", expected={HTTPStatus.OK, HTTPStatus.NOT_FOUND})
    return answer.status_code == HTTPStatus.OK


def mounted(registry: Registry, digest: str, other: str) -> bool:
    """Whether the repository has taken a blob over from another one of its registry.

    Where that one has not got it, or may not be read, the registry begins an upload, which is given up.
    """
    query = urlencode({"mount": digest, "from": other})
    try:
        answer = registry.request("POST", f"blobs/uploads/?{query}", expected={HTTPStatus.CREATED, HTTPStatus.ACCEPTED})
        if answer.status_code == HTTPStatus.ACCEPTED and (location := answer.headers.get("Location")):
            registry.request("DELETE", str(answer.url.join(location)), expected=range(200, 500))
    except (Denied, InvalidInput, NotFound):
        return False
    return answer.status_code == HTTPStatus.CREATED


class Upload:
    """One blob on its way out."""

    def __init__(
        self, registry: Registry, content: Content, progress: LayerProgress, crew: Crew, patience: Patience
    ) -> None:
        self._registry = registry
        self._content = content
        self._progress = progress
        self._crew = crew
        self._patience = patience
        self._location = ""
        self._offset = 0
        """Bytes that have arrived."""

    def run(self) -> None:
        """Send it. Raises Unreachable where it did not arrive after several tries."""
        size = self._content.size
        if size is not None and size <= WHOLE_MAX:
            self._begin()
            self._finish(b"".join(self._content.read(0, self._told)))
            return
        failures = 0
        while (failure := self._stream()) is not None:
            before = self._offset
            self._find_out()
            failures = 1 if self._offset > before else failures + 1
            if failures >= self._patience.attempts:
                raise Unreachable(f"an upload was cut {failures} times: {failure.message}", hint=failure.hint)
            self._rest(failures)
        self._finish(b"")

    def _begin(self) -> None:
        self._moved(self._registry.request("POST", "blobs/uploads/", expected={HTTPStatus.ACCEPTED}, say=self._say))

    def _stream(self) -> Unreachable | None:
        """Send all that has not arrived; what cut it short.

        An upload that is gone on from may be refused: a registry that is still busy with what was cut has forgotten, a
        moment later, what it has just said of it. Then it begins anew.
        """
        going_on = bool(self._location)
        if not going_on:
            self._begin()
        try:
            answer = self._registry.request(
                "PATCH",
                self._location,
                headers={"Content-Type": _OCTETS, **self._length()},
                content=_Body(self._content, self._offset, self._told, self._crew),
                expected={HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT},
                say=self._say,
            )
        except Unreachable as err:
            return err
        except (NotFound, InvalidInput) as err:
            if not going_on:
                raise
            self._location = ""
            return Unreachable(err.message, hint=err.hint)
        self._moved(answer)
        return None

    def _rest(self, failures: int) -> None:
        seconds = self._patience.delay(failures)
        self._progress(f"retrying in {max(1, round(seconds))} s", self._offset)
        self._crew.rest(seconds)

    @property
    def _say(self) -> Say:
        return self._progress.told

    def _told(self, done: int) -> None:
        self._progress("uploading", done)

    def _length(self) -> dict[str, str]:
        """What is known before of how much will come."""
        size = self._content.size
        if size is None:
            return {}
        return {"Content-Length": str(size - self._offset), "Content-Range": f"{self._offset}-{size - 1}"}

    def _finish(self, data: bytes) -> None:
        separator = "&" if "?" in self._location else "?"
        address = f"{self._location}{separator}digest={quote(self._content.digest, safe='')}"
        headers = {"Content-Type": _OCTETS, "Content-Length": str(len(data))}
        done = {HTTPStatus.CREATED, HTTPStatus.NO_CONTENT}
        try:
            answer = self._registry.request("PUT", address, headers=headers, content=data, expected=done, say=self._say)
        except NotFound:
            if not has(self._registry, self._content.digest):  # it is where only the first answer was lost
                raise
            return
        said = answer.headers.get("Docker-Content-Digest", self._content.digest)
        if said != self._content.digest:
            raise InvalidInput(f"the registry took {self._content.digest} for {said!a:.90}", hint="try again")

    def _find_out(self) -> None:
        """What has arrived of an upload that was cut; where that cannot be known, it begins anew."""
        location, self._location, self._offset = self._location, "", 0
        if not location:
            return
        try:
            answer = self._registry.request(
                "GET", location, expected={HTTPStatus.NO_CONTENT, HTTPStatus.ACCEPTED, HTTPStatus.OK}
            )
        except EngineError:
            return
        match = _RANGE.fullmatch(answer.headers.get("Range", ""))
        arrived = int(match[1]) + 1 if match and int(match[1]) else 0  # a registry says 0-0 of nothing, too
        if match and arrived <= (self._content.size or arrived):
            self._offset = arrived
            self._moved(answer, location)

    def _moved(self, answer: httpx.Response, location: str = "") -> None:
        """Each answer says where the upload goes on. Raises InvalidInput where one does not."""
        said = answer.headers.get("Location", location)
        if not said:
            raise InvalidInput("the registry does not say where an upload goes", hint="it is at fault: ask who runs it")
        self._location = str(answer.url.join(said))


class _Body:
    """The rest of a content, as often as it is asked for: a request may be sent again after a login."""

    def __init__(self, content: Content, offset: int, progress: Progress, crew: Crew) -> None:
        self._content = content
        self._offset = offset
        self._progress = progress
        self._crew = crew

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._content.read(self._offset, self._progress):
            self._crew.check()
            yield piece
