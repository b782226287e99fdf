"""The keys that end an attachment and leave the program running."""


class DetachKeys:
    """Looks for a sequence in what is typed.

    A beginning of the sequence is held back until it is complete or broken: no clock decides, so that it works over
    the slowest line.
    """

    def __init__(self, sequence: bytes) -> None:
        self._sequence = sequence
        self._held = b""

    def feed(self, data: bytes) -> tuple[bytes, bool]:
        """The bytes to pass on, and whether the sequence is complete; what came after it is dropped."""
        if not self._sequence:
            return data, False
        data = self._held + data
        found = data.find(self._sequence)
        if found >= 0:
            self._held = b""
            return data[:found], True
        kept = self._beginning_at_end_of(data)
        self._held = self._sequence[:kept]
        return data[: len(data) - kept], False

    def _beginning_at_end_of(self, data: bytes) -> int:
        """How many last bytes of `data` may become the sequence."""
        longest = min(len(data), len(self._sequence) - 1)
        return next((size for size in range(longest, 0, -1) if data.endswith(self._sequence[:size])), 0)
