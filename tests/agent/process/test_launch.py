"""Whose a program is, what it finds in its environment, and its limits."""

import os
import resource
import subprocess
from pathlib import Path

import msgspec
import pytest

from agent.process.launch import MARK, account, environment, launch
from agent.process.record import InstanceFolder, Record
from agent.runtime.contract import RuntimeFailure
from reconciler.manifest.model import Ulimit
from tests.agent.process.conftest import deploy


@pytest.mark.parametrize(
    ("user", "ids"),
    [(None, None), ("", None), ("root", (0, 0)), ("0:7", (0, 7)), ("12345", (12345, 12345)), ("root:root", (0, 0))],
)
def test_an_account_is_a_name_or_numbers(user: str | None, ids: tuple[int, int] | None) -> None:
    assert account(user) == ids


@pytest.mark.parametrize("user", ["nobody-here", "root:no-such-group"])
def test_an_unknown_account_is_said(user: str) -> None:
    with pytest.raises(RuntimeFailure, match="is not known on this node"):
        account(user)


def test_the_environment_is_the_specs_over_a_small_base(tmp_path: Path) -> None:
    made = deploy("env", environment_variables={"LANG": "de_DE.UTF-8", MARK: "another's"})
    made = msgspec.structs.replace(made, gpu_devices=(1, 3))
    found = environment(InstanceFolder(tmp_path), Record(deploy=made, container_id="c1"))
    assert (found["LANG"], found["HOME"], found[MARK]) == ("de_DE.UTF-8", "/", "c1")
    assert (found["CUDA_VISIBLE_DEVICES"], found["CUDA_DEVICE_ORDER"]) == ("1,3", "PCI_BUS_ID")
    assert found["RECONCILER_FILES"] == str(tmp_path / "files")


def test_a_program_leads_a_session_of_its_own_within_its_limits(tmp_path: Path) -> None:
    folder = InstanceFolder(tmp_path)
    folder.make((), None)
    component = deploy(
        "sleep", "600", ulimits={"core": Ulimit(soft=0, hard=0), "nosuch": Ulimit(soft=1, hard=1)}
    ).component
    with launch(
        component, folder, ["sleep", "600"], {"PATH": os.environ["PATH"]}, subprocess.PIPE, subprocess.PIPE
    ) as child:
        assert os.getsid(child.pid) == child.pid
        assert resource.prlimit(child.pid, resource.RLIMIT_CORE) == (0, 0)
        assert os.readlink(f"/proc/{child.pid}/cwd") == str(folder.files)
        child.kill()
