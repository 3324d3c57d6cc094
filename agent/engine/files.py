"""Config files on their way into a container, before it starts.

Most go in as a tar that the Engine unpacks inside the container's file system, so no symlink in an image leads out
of it. The Engine refuses that for a read-only file system, and a tmpfs would cover what was unpacked: such files are
written beside the agent's state and mounted one by one.
"""

import io
import os
import shutil
import tarfile
import time
from pathlib import Path, PurePosixPath

from agent.engine.body import tmpfs
from agent.engine.labels import container_name
from agent.runtime.contract import RuntimeFailure
from reconciler.manifest.model import Component, ConfigFile
from reconciler.wire.messages import Deploy, InstanceKey


class MountedFiles:
    """The config files of one node's containers that must be mounted, a folder for each container under `root`."""

    def __init__(self, root: Path, node_id: str) -> None:
        self._root, self._node_id = root, node_id

    def write(self, deploy: Deploy) -> list[str]:
        """Write the instance's files; the binds that mount them. Raises RuntimeFailure."""
        files = mounted_files(deploy.component)
        if not files:
            return []
        folder = self._folder(deploy.key, deploy.digest, deploy.version)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return [write_one(deploy.component, file, folder / str(number)) for number, file in enumerate(files)]
        except OSError as error:
            raise RuntimeFailure(f"cannot write config files to {folder}: {error.strerror}") from error

    def remove(self, key: InstanceKey, digest: str, version: int) -> None:
        """Remove the files of a container that has gone, if it had any."""
        shutil.rmtree(self._folder(key, digest, version), ignore_errors=True)

    def _folder(self, key: InstanceKey, digest: str, version: int) -> Path:
        """Each container has its own, also alongside one of the same digest."""
        return self._root / container_name(key, self._node_id) / f"{digest}.v{version}"


def mounted_files(component: Component) -> tuple[ConfigFile, ...]:
    """Choose the config files that must be mounted."""
    if component.read_only:
        return component.config_files
    covered = [PurePosixPath(target) for target in tmpfs(component)]
    return tuple(
        file for file in component.config_files if any(top in PurePosixPath(file.path).parents for top in covered)
    )


def archive(component: Component) -> bytes | None:
    """Make a tar of the config files that are unpacked into the container; None when there are none.

    It holds no directories: the Engine makes missing ones and leaves others as they are.
    """
    mounted = mounted_files(component)
    files = [file for file in component.config_files if file not in mounted]
    if not files:
        return None
    uid, gid = owner(component)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for file in files:
            content = file.content.encode()
            member = tarfile.TarInfo(file.path.lstrip("/"))
            member.size, member.mode, member.mtime = len(content), int(file.mode, 8), int(time.time())
            member.uid, member.gid = uid, gid
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def write_one(component: Component, file: ConfigFile, path: Path) -> str:
    """Write one file with its owner and mode; the bind that mounts it. Raises OSError."""
    path.unlink(missing_ok=True)
    path.write_text(file.content, newline="")
    if os.geteuid() == 0:
        os.chown(path, *owner(component))
    path.chmod(int(file.mode, 8))
    return f"{path.absolute()}:{file.path}:ro"


def owner(component: Component) -> tuple[int, int]:
    """Return numeric user and group of the files: the component's where it gives numbers, else root."""
    user, _, group = (component.user or "").partition(":")
    return (int(user) if user.isdecimal() else 0, int(group) if group.isdecimal() else 0)
