"""Commands beside a program: as the program is, and gone with whoever reads them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent.process.exec import HostExecution
from agent.process.record import InstanceFolder, Record
from agent.runtime.contract import SILENCE, NotRunnable, RuntimeFailure
from tests.agent.process.conftest import deploy


def execution(root: Path, command: Sequence[str], stays: bool = True, **fields: Any) -> HostExecution:
    folder = InstanceFolder(root)
    folder.make((), None)
    record = Record(deploy=deploy("sleep", "600", **fields), container_id="c1")
    return HostExecution(folder, record, command, lambda: stays)


def told(made: HostExecution) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for stream, data in made.output():
        if (stream, data) != SILENCE:
            found[stream] = found.get(stream, b"") + data
    return found


def test_output_and_code_are_the_commands(tmp_path: Path) -> None:
    made = execution(
        tmp_path, ["sh", "-c", "echo $GREETING; echo bad >&2; exit 3"], environment_variables={"GREETING": "hello"}
    )
    assert told(made) == {"stdout": b"hello\n", "stderr": b"bad\n"}
    assert made.exit_code() == 3
    assert made.end()


def test_a_signal_makes_a_code(tmp_path: Path) -> None:
    made = execution(tmp_path, ["sh", "-c", "kill -9 $$"])
    assert told(made) == {}
    assert made.exit_code() == 128 + 9


def test_what_it_leaves_in_its_session_ends_with_it(tmp_path: Path) -> None:
    made = execution(tmp_path, ["sh", "-c", "sleep 600 & echo $!"])
    left = int(told(made)["stdout"])
    assert made.exit_code() == 0
    assert not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE


def test_it_ends_when_nobody_reads_it_any_more(tmp_path: Path) -> None:
    made = execution(tmp_path, ["sleep", "600"])
    assert made.end() and made.end()


def test_it_ends_with_its_instance(tmp_path: Path) -> None:
    made = execution(tmp_path, ["sh", "-c", "echo here; exec sleep 600"], stays=False)
    with pytest.raises(RuntimeFailure, match="the instance has gone"):
        told(made)
    assert made.end()


@pytest.mark.parametrize(
    ("command", "fields", "reason"),
    [
        (["no-such-program"], {}, "there is no program 'no-such-program' on the node"),
        (["true"], {"working_dir": "/no/such/folder"}, "there is no directory '/no/such/folder' on the node"),
        (["/etc/passwd"], {}, "'/etc/passwd' can't be run on the node: permission denied"),
    ],
)
def test_what_cannot_be_run_says_why(tmp_path: Path, command: list[str], fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(NotRunnable, match=reason):
        execution(tmp_path, command, **fields)
