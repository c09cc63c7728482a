"""TLS: own CA, and certificates that must not be taken."""

import pytest
from support import opened, read

import openck


def test_a_server_with_a_certificate_of_an_own_ca(server):
    ws = opened(server.wss, ca=server.ca)
    assert ws.SendFrame("over TLS", True) and read(ws) == "over TLS"
    assert ws.SendClose(True, 1000, "") and ws.ReadFrame() and ws.FrameOpcode == "Close"


@pytest.mark.parametrize(("key", "version"), [("wss", "TLS 1.3"), ("wss_tls12", "TLS 1.2")])
def test_version_and_cipher_are_told(server, key, version):
    rest = openck.Rest()
    with open(server.ca, encoding="ascii") as pem:
        assert rest.AddTrustedCaPem(pem.read()), rest.LastErrorText
    assert rest.Connect("localhost", getattr(server, key), True, False), rest.LastErrorText
    assert rest.TlsVersion == version and rest.TlsCipherSuite.startswith("TLS_")


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("wss_expired", "expired"),
        ("wss_selfsigned", "self-signed"),
        ("wss_wrongname", "another host name"),
        ("wss_unknownca", "CA"),
    ],
)
def test_a_certificate_that_cannot_be_verified(server, key, told):
    rest = openck.Rest()
    assert rest.AddTrustedCaPem(server.ca)
    assert rest.Connect("localhost", getattr(server, key), True, False) is False
    assert rest.ConnectFailReason == 106
    assert told in rest.LastErrorText, rest.LastErrorText


def test_without_the_ca_the_connection_is_refused(server):
    rest = openck.Rest()
    assert rest.Connect("localhost", server.wss, True, False) is False
    assert rest.ConnectFailReason == 106


def test_verification_can_be_switched_off_and_the_log_says_so(server):
    rest = openck.Rest()
    rest.RequireSslCertVerify = False
    assert rest.Connect("localhost", server.wss_selfsigned, True, False), rest.LastErrorText
    assert rest.ConnectFailReason == 0 and "verification: OFF" in rest.LastErrorText


def test_tls_to_a_port_without_it(server):
    rest = openck.Rest()
    rest.IdleTimeoutMs = 200
    assert rest.Connect("localhost", server.ws, True, False) is False
    assert rest.ConnectFailReason == 102


def test_a_ca_that_is_not_there():
    rest = openck.Rest()
    assert rest.AddTrustedCaPem("/no/such/file.pem") is False
    assert "/no/such/file.pem" in rest.LastErrorText
