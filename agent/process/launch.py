"""Starting a program of this host as its component says: whose it is, what it finds in its environment."""

import grp
import os
import pwd
import resource
import shutil
import subprocess
from collections.abc import Sequence
from typing import IO

from agent.process.record import InstanceFolder, Record
from agent.runtime.contract import RuntimeFailure
from reconciler.manifest.model import Component
from reconciler.wire.messages import Deploy, fencing

MARK = "RECONCILER_INSTANCE"
BASE = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/"}


def launch(
    component: Component,
    folder: InstanceFolder,
    command: Sequence[str],
    own: dict[str, str],
    stdout: IO[bytes] | int,
    stderr: IO[bytes] | int,
) -> subprocess.Popen[bytes]:
    """Start a command with the environment `own`, as the component's account, in its directory and within its limits.

    It leads a session of its own. Raises RuntimeFailure, OSError, ValueError and SubprocessError.
    """
    uid, gid = account(component.user) or (None, None)
    child = subprocess.Popen(
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        cwd=component.working_dir or folder.files,
        env=own,
        start_new_session=True,
        user=uid,
        group=gid,
        extra_groups=None if uid is None else [],
    )
    limit(child.pid, component)
    return child


def require_program(component: Component) -> None:
    """Raise RuntimeFailure unless the component's program is on this node or among its own files."""
    command = (component.command or ("",))[0]
    path = component.environment_variables.get("PATH", BASE["PATH"])
    if "/" not in command and shutil.which(command, path=path) is None:
        raise RuntimeFailure(f"there is no program '{command}' on this node (looked in {path})")
    if command.startswith("/") and not os.access(command, os.X_OK):
        own = {f"/{file.path.lstrip('/')}" for file in component.config_files}
        if command not in own:
            raise RuntimeFailure(f"there is no program {command} on this node that can be run")


def environment(folder: InstanceFolder, record: Record) -> dict[str, str]:
    """Make the program's environment: a small base, what the spec says, and how we find it again."""
    deploy = record.deploy
    own = {MARK: record.container_id, "RECONCILER_FILES": str(folder.files)} | fencing(deploy) | visible_gpus(deploy)
    return BASE | deploy.component.environment_variables | own


def visible_gpus(deploy: Deploy) -> dict[str, str]:
    """Show CUDA programs just the GPUs that are reserved for them, numbered as NVML numbers them."""
    if not deploy.gpu_devices:
        return {}
    devices = ",".join(map(str, deploy.gpu_devices))
    return {"CUDA_VISIBLE_DEVICES": devices, "CUDA_DEVICE_ORDER": "PCI_BUS_ID"}


def account(user: str | None) -> tuple[int, int] | None:
    """Look up `NAME[:GROUP]`, by names or numbers, as (uid, gid); None for the agent's own. Raises RuntimeFailure."""
    if not user:
        return None
    name, _, group = user.partition(":")
    try:
        if name.isdigit():
            uid = gid = int(name)
        else:
            uid, gid = pwd.getpwnam(name).pw_uid, pwd.getpwnam(name).pw_gid
        if group:
            gid = int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    except KeyError as error:
        raise RuntimeFailure(f"user '{user}' is not known on this node: {error.args[0]}") from None
    return uid, gid


def limit(pid: int, component: Component) -> None:
    """Set its resource limits. One that the kernel has no name for is left out."""
    for name, ulimit in component.ulimits.items():
        kind = getattr(resource, f"RLIMIT_{name.upper()}", None)
        if kind is not None:
            try:
                resource.prlimit(pid, kind, (ulimit.soft, ulimit.hard))
            except (ProcessLookupError, PermissionError, ValueError):
                continue
