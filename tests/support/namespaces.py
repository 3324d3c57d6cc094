"""Network namespaces: nodes whose network can really be cut."""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

NEEDS = ("ip", "iptables")


class Namespace:
    """A network namespace, joined to the machine by one cable."""

    def __init__(self) -> None:
        number = random.randrange(2**14)
        self._name = f"node-{number:04x}"
        self._link = f"rc{number:04x}"
        high, low = divmod(number * 4, 256)
        self.gateway = f"10.{219 + high // 256}.{high % 256}.{low + 1}"
        """The machine's address at its end of the cable."""
        self.address = f"10.{219 + high // 256}.{high % 256}.{low + 2}"
        """The namespace's own address."""
        self.words = ("ip", "netns", "exec", self._name)
        """What to put before a command to run it there."""
        _run("ip", "netns", "add", self._name)
        _run("ip", "link", "add", self._link, "type", "veth", "peer", "name", "eth0", "netns", self._name)
        _run("ip", "address", "add", f"{self.gateway}/30", "dev", self._link)
        _run("ip", "link", "set", self._link, "up")
        _run(*self.words, "ip", "address", "add", f"{self.address}/30", "dev", "eth0")
        _run(*self.words, "ip", "link", "set", "eth0", "up")
        _run(*self.words, "ip", "link", "set", "lo", "up")

    def cut(self, *chains: str) -> None:
        """Let packets vanish: those that come (`INPUT`), those that go (`OUTPUT`), both unless told."""
        for chain in chains or ("INPUT", "OUTPUT"):
            _run(*self.words, "iptables", "-A", chain, "-i" if chain == "INPUT" else "-o", "eth0", "-j", "DROP")

    def mend(self) -> None:
        """Let them through again."""
        _run(*self.words, "iptables", "-F")

    def remove(self) -> None:
        """Take the namespace away, and its cable with it."""
        subprocess.run(["ip", "netns", "del", self._name], check=False, capture_output=True)
        subprocess.run(["ip", "link", "del", self._link], check=False, capture_output=True)


def _run(*words: str) -> None:
    done = subprocess.run(words, check=False, capture_output=True, text=True)
    assert done.returncode == 0, f"{' '.join(words)}: {done.stderr}"


@contextmanager
def namespaces(count: int) -> Iterator[list[Namespace]]:
    """So many namespaces, gone again when the test is over."""
    if os.geteuid() != 0 or not all(shutil.which(program) for program in NEEDS):
        reason = f"network namespaces need root and {', '.join(NEEDS)}"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    made: list[Namespace] = []
    try:
        for _ in range(count):
            made.append(Namespace())
        yield made
    finally:
        for one in made:
            one.remove()
