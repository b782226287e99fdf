"""What atheris runs: bytes of containers and of name servers against all that reads them. Its own process.

    PYTHONPATH=tests python -m support.fuzzed_names -runs=20000 FOLDER_OF_EXAMPLES

The first byte says which reader gets the others.
"""

import atheris
from support import dns_messages as dns
from support import fuzzing

with atheris.instrument_imports(include=["engine.network.dns"]):
    from engine.network.dns import answering, configuration, message, replies, zone

_NAMES = zone.Names()
_NAMES.set("a" * 64, ["web", "a"], ["172.18.0.2", "fd00::2"])
_ASKED = dns.query("a", number=0x4141)


def _question(data: bytes) -> None:
    """Whatever is taken for a question has one answer that can be read, and goes into a datagram."""
    try:
        query = message.parse(data)
    except message.Malformed as err:
        if err.rcode is not None:
            assert dns.read(message.complaint(data, err.rcode)).id == int.from_bytes(data[:2])
        return
    records = answering.records(query, _NAMES) or []
    answer = message.answer(query, records, query.datagram_size, answering.refusal(query) or 0)
    assert len(answer) <= query.datagram_size
    assert dns.read(answer).question == query.question


def _reply(data: bytes) -> None:
    """Whatever is believed has the id and the question that were asked."""
    found = replies.read(data, message.parse(_ASKED), 0x4242)
    if found:
        assert found.data[:2] == _ASKED[:2]
        assert found.data[12:].startswith(_ASKED[12:])
        assert len(found.data) <= max(len(data), len(_ASKED))
        cut = replies.cut(found.data, message.parse(_ASKED), 50)
        assert len(cut) <= 50
        assert cut.startswith(_ASKED[:2])


def _reply_to_us(data: bytes) -> None:
    """Likewise, the way to the question having been found already."""
    _reply(b"BB\x81\x80\0\1" + data[:6].ljust(6, b"\0") + _ASKED[12:] + data[6:])


def _resolv_conf(data: bytes) -> None:
    found = configuration.parse(data.decode(errors="replace"))
    assert len(found.nameservers) <= configuration.NAMESERVERS_MAX
    assert set(found.reachable) <= set(found.nameservers)
    assert configuration.parse(configuration.text(*found)) == found


def _reverse(data: bytes) -> None:
    address = zone.address_of(data.decode("latin-1"))
    assert address is None or _NAMES.name_of(address) in (None, "web")


READERS: tuple[fuzzing.Reader, ...] = (_question, _reply, _reply_to_us, _resolv_conf, _reverse)


if __name__ == "__main__":
    fuzzing.main(fuzzing.choose(READERS))
