"""Digests of what passes by, so that nothing is read a second time to be known."""

import hashlib

from engine.archive.streams import Output, Source


class HashingSource:
    """Passes on what a source gives, and knows its digest and size so far."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._hash = hashlib.sha256()
        self.size = 0
        """Bytes so far."""

    def read(self, size: int, /) -> bytes:
        """The next bytes of the source."""
        data = self._source.read(size)
        self._hash.update(data)
        self.size += len(data)
        return data

    @property
    def digest(self) -> str:
        """`sha256:` and 64 hexadecimal digits, of all so far."""
        return f"sha256:{self._hash.hexdigest()}"


class HashingOutput:
    """Passes on what is written, and knows its digest and size so far."""

    def __init__(self, output: Output) -> None:
        self._output = output
        self._hash = hashlib.sha256()
        self.size = 0
        """Bytes so far."""

    def write(self, data: bytes, /) -> None:
        """Hash, and pass on."""
        self._hash.update(data)
        self.size += len(data)
        self._output.write(data)

    @property
    def digest(self) -> str:
        """`sha256:` and 64 hexadecimal digits, of all so far."""
        return f"sha256:{self._hash.hexdigest()}"
