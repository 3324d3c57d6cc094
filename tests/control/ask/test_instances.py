"""Output of instances, and commands inside them: found on their node, on record, few at once."""

from collections.abc import Iterator
from typing import Any

import pytest

from reconciler.control.dispatch.agent_client import AgentError
from reconciler.control.errors import Busy, NotRunning, UnknownBusiness, UnknownInstance
from reconciler.net.http_client import Unreachable
from reconciler.wire.exec_stream import COMMANDS_MAX, frame_line
from reconciler.wire.streams import Exec, ExecFrame
from tests.control.helpers import Site
from tests.support.planning import business, component, key

LAST = ExecFrame(exit_code=0)


class Stream:
    """A command whose agent sends these lines, and then ends or breaks."""

    def __init__(self, *lines: bytes, breaks: bool = False) -> None:
        self.lines = lines
        self.breaks = breaks
        self.closed = False

    def pieces(self) -> Iterator[bytes]:
        yield from self.lines
        if self.breaks:
            raise Unreachable("can't be reached: connection reset")

    def close(self) -> None:
        self.closed = True


def command(*words: str, instance: int = 0, business_id: str = "shop") -> Exec:
    return Exec(business_id=business_id, component_id="web", instance=instance, command=words)


@pytest.fixture
def shop(site: Site) -> Site:
    site.nodes("a")
    site.deploys(business("shop", component("web", restart="no")))
    site.settles()
    return site


def streams(site: Site, stream: Stream) -> None:
    def exec_(address: str, message: Any) -> Stream:
        site.agents.asked.append(f"exec {message.key} at {address}")
        return stream

    site.agents.exec = exec_  # type: ignore[attr-defined]


def test_a_command_is_on_record_and_its_frames_are_passed_on(shop: Site) -> None:
    stream = Stream(frame_line(ExecFrame(stream="stdout", text="hello")), frame_line(LAST))
    streams(shop, stream)
    relay = shop.manager.instances.exec(command("ls", "-l", "a b"), "ann")
    assert shop.told("exec") == ["shop/web/0 on a: ann runs: ls -l 'a b'"]
    assert list(relay) == [ExecFrame(stream="stdout", text="hello"), LAST]
    relay.close()
    assert stream.closed


@pytest.mark.parametrize(
    ("stream", "reason"),
    [
        (Stream(), "the agent ended"),
        (Stream(b"no frame\n"), "the agent answers nonsense"),
        (Stream(breaks=True), "the agent can't be reached any more"),
    ],
)
def test_a_stream_without_an_end_says_that_nothing_is_known(shop: Site, stream: Stream, reason: str) -> None:
    streams(shop, stream)
    (frame,) = shop.manager.instances.exec(command("ls"), "ann")
    assert frame.error == f"{reason}: what became of the command is not known"


def test_no_more_commands_run_at_once_than_the_manager_passes_on(shop: Site) -> None:
    """Rule 16."""
    streams(shop, Stream())
    relays = [shop.manager.instances.exec(command("ls"), "ann") for _ in range(COMMANDS_MAX)]
    with pytest.raises(Busy):
        shop.manager.instances.exec(command("ls"), "bob")
    relays[0].close()
    assert shop.manager.instances.exec(command("ls"), "bob")


def test_a_command_that_its_agent_refuses_holds_no_place(shop: Site) -> None:
    def refuses(*_: object) -> None:
        raise AgentError("no shell", reached=True)

    shop.agents.exec = refuses  # type: ignore[attr-defined]
    for _ in range(COMMANDS_MAX + 1):
        with pytest.raises(AgentError):
            shop.manager.instances.exec(command("sh"), "ann")


def test_a_long_command_is_cut_on_record(shop: Site) -> None:
    streams(shop, Stream())
    shop.manager.instances.exec(command("echo", "x" * 10_000), "ann")
    (told,) = shop.told("exec")
    assert told.endswith("… (10005 characters)") and len(told) < 4200


def test_only_what_is_there_and_runs_is_entered(shop: Site) -> None:
    with pytest.raises(UnknownBusiness):
        shop.manager.instances.exec(command("ls", business_id="blog"), "ann")
    with pytest.raises(UnknownInstance, match="business 'shop' has no instance web/7; it has web/0"):
        shop.manager.instances.exec(command("ls", instance=7), "ann")
    shop.agents.fails("http://a", key("shop/web/0"))
    shop.reports()
    shop.turns()
    with pytest.raises(NotRunning, match="shop/web/0 does not run now, it is failed: exit code 1"):
        shop.manager.instances.exec(command("ls"), "ann")


def test_output_comes_from_the_node_that_the_instance_is_on(shop: Site) -> None:
    assert shop.manager.instances.logs(key("shop/web/0"), {"tail": "5"}).cursor == "end"
    assert shop.agents.asked[-1] == "logs shop/web/0 at http://a"
    with pytest.raises(UnknownInstance, match="nothing of shop/web/7 is on any node"):
        shop.manager.instances.logs(key("shop/web/7"), {})
