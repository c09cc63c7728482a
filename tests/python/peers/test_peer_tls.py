"""The peers over TLS."""

import pytest
from servers import Peer, bytes_of, text_of


@pytest.mark.parametrize("deflate", [False, True])
def test_messages_over_tls(secure, deflate):
    session = Peer(secure.name, secure.server, deflate, secure.ca).open("/echo")
    for size in (0, 125, 126, 65_535, 65_536, 2**20):
        for message in (text_of(size), bytes_of(size)):
            assert session.echoed(message) == message
            assert session.echoed(message[:9], message[9:]) == message
    assert session.close(1000, "bye")[0] == 1000
    assert session.seen_by_peer() == (1000, "bye")


def test_r46_a_close_of_the_peer_over_tls(secure):
    session = secure.open("/close", {"code": 3001, "reason": "over TLS"})
    assert session.read_close() == (3001, "over TLS")
    assert session.seen_by_peer() in ((3001, ""), (3001, None))
