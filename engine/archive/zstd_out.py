"""zstd, written: one frame with a checksum."""

import zstandard

from engine.archive.streams import Output


class Zstd:
    """Writes one frame."""

    def __init__(self, output: Output, level: int) -> None:
        self._output = output
        self._compressor = zstandard.ZstdCompressor(level=level, write_checksum=True).compressobj()

    def write(self, data: bytes, /) -> None:
        """Compress."""
        compressed = self._compressor.compress(data)
        if compressed:
            self._output.write(compressed)

    def close(self) -> None:
        """Write the frame's end."""
        self._output.write(self._compressor.flush())
