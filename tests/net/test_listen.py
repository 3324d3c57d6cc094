"""Where servers may listen, and what a person is told when they may not."""

import pytest

from reconciler.net.listen import Listen, ServeError, bind, check_exposure, parse_listen


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:7700", "127.0.0.1", 7700),
        ("localhost:0", "localhost", 0),
        ("[::1]:65535", "::1", 65535),
        ("0.0.0.0:7701", "0.0.0.0", 7701),
        ("gpu-7.example.com:80", "gpu-7.example.com", 80),
    ],
)
def test_host_and_port_are_read(text: str, host: str, port: int) -> None:
    listen = parse_listen(text)
    assert listen == Listen(host, port)
    assert str(listen) == text


@pytest.mark.parametrize("text", ["", "7700", ":7700", "host", "host:", "host:65536", "host:-1", "::1:80", "a b:1"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ServeError, match=r"HOST:PORT.*127\.0\.0\.1:7700"):
        parse_listen(text)


@pytest.mark.parametrize("text", ["127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"])
def test_loopback_needs_no_token(text: str) -> None:
    check_exposure(parse_listen(text), None, "the agent")


@pytest.mark.parametrize("text", ["0.0.0.0:1", "[::]:1", "10.0.0.7:1", "gpu-7:1", "localhost.example.com:1"])
def test_anything_else_needs_one(text: str) -> None:
    with pytest.raises(ServeError, match=r"the agent .*--token-file FILE or set RECONCILER_TOKEN, or listen on 127"):
        check_exposure(parse_listen(text), None, "the agent")
    check_exposure(parse_listen(text), "a-token-of-enough-letters", "the agent")


def test_a_taken_port_is_named() -> None:
    with bind(Listen("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=rf"127\.0\.0\.1:{port}: address already in use"):
            bind(Listen("127.0.0.1", port))


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
def test_an_address_that_is_not_ours_is_refused(host: str) -> None:
    with pytest.raises(ServeError, match=f"can't listen on {host}"):
        bind(Listen(host, 0))
