"""The base of all values."""

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A frozen value of named fields that encodes to JSON and is checked when decoded.

    A `msgspec.Struct` and not a dataclass: defining the seventeen of them costs a command 2 ms instead of 20,
    and decoding validates types, bounds included, at the one place where strangers' bytes come in.
    """
