"""Small images made of programs that are installed here, so that no test needs the internet.

Each is built once and kept on the Engine under a fixed tag; a tag counts up when what it holds changes.
"""

import io
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import docker
from docker.errors import ImageNotFound

BUSYBOX = "reconciler-test/busybox:1"
WEB = "reconciler-test/web:1"
NGINX = "reconciler-test/nginx:1"
REDIS = "reconciler-test/redis:1"
APPLETS = ("sh", "cat", "echo", "env", "false", "httpd", "id", "ls", "nc", "sleep", "stat", "test", "true", "wget")
PASSWD = (
    "root:x:0:0:root:/:/bin/sh\nwww-data:x:33:33::/:/bin/sh\nredis:x:100:100::/:/bin/sh\nnobody:x:65534:65534::/:\n"
)
GROUP = "root:x:0:\nadm:x:4:\nwww-data:x:33:\nredis:x:100:\nnogroup:x:65534:\n"


class RootFilesystem:
    """A tar of an image's files, built up in memory."""

    def __init__(self) -> None:
        self._buffer = io.BytesIO()
        self._tar = tarfile.open(fileobj=self._buffer, mode="w")  # noqa: SIM115 - closed by `finished`
        self._have: set[str] = set()
        self.folder("tmp", mode=0o1777)
        self.text("etc/passwd", PASSWD)
        self.text("etc/group", GROUP)

    def folder(self, path: str, mode: int = 0o755) -> None:
        """A directory."""
        member = tarfile.TarInfo(path)
        member.type, member.mode = tarfile.DIRTYPE, mode
        self._tar.addfile(member)

    def text(self, path: str, content: str) -> None:
        """A file with this content."""
        data = content.encode()
        member = tarfile.TarInfo(path)
        member.size, member.mode = len(data), 0o644
        self._tar.addfile(member, io.BytesIO(data))

    def link(self, path: str, to: str) -> None:
        """A symlink."""
        member = tarfile.TarInfo(path)
        member.type, member.linkname = tarfile.SYMTYPE, to
        self._tar.addfile(member)

    def allocation(self, source: str, path: str) -> None:
        """A file of this machine, whatever symlinks lead to it."""
        if path in self._have:
            return
        self._have.add(path)
        with Path(source).open("rb") as file:
            member = self._tar.gettarinfo(os.path.realpath(source), arcname=path)
            member.mode = 0o755
            self._tar.addfile(member, file)

    def program(self, name: str) -> None:
        """An installed program at its own path, with the libraries that it is linked to."""
        path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        assert path, f"{name} is not installed; .ci/docker installs it"
        self.allocation(path, path.lstrip("/"))
        listed = subprocess.run(["ldd", path], capture_output=True, text=True, check=False).stdout
        for word in listed.split():
            if word.startswith("/"):
                self.allocation(word, word.lstrip("/"))

    def busybox(self) -> None:
        """The static busybox, as all the commands that tests use."""
        path = shutil.which("busybox")
        assert path, "busybox-static is not installed; .ci/docker installs it"
        self.allocation(path, "bin/busybox")
        for applet in APPLETS:
            self.link(f"bin/{applet}", "busybox")

    def finished(self) -> bytes:
        """The tar."""
        self._tar.close()
        return self._buffer.getvalue()


def stoppable(command: str) -> str:
    """A CMD that ends at once on SIGTERM, which a container's first process ignores unless it says otherwise."""
    return f"""CMD ["sh", "-c", "trap 'exit 0' TERM INT; {command} & wait"]"""


def import_image(client: docker.DockerClient, tag: str, files: bytes, changes: list[str]) -> str:
    """Make an image of these files, with Dockerfile instructions; its tag."""
    repository, _, version = tag.rpartition(":")
    client.api.import_image_from_data(files, repository=repository, tag=version, changes=changes)
    return tag


def present(client: docker.DockerClient, tag: str) -> bool:
    """Whether the Engine has the image."""
    try:
        client.api.inspect_image(tag)
    except ImageNotFound:
        return False
    return True


def busybox_image(client: docker.DockerClient, tag: str = BUSYBOX) -> str:
    """A shell and a few commands; sleeps until it is stopped."""
    if present(client, tag):
        return tag
    root = RootFilesystem()
    root.busybox()
    return import_image(client, tag, root.finished(), [stoppable("sleep 2147483647"), "ENV PATH=/bin"])


def web_image(client: docker.DockerClient, tag: str = WEB) -> str:
    """A web server on port 8080 that serves /www."""
    if present(client, tag):
        return tag
    root = RootFilesystem()
    root.busybox()
    root.folder("www")
    root.text("www/index.html", "hello\n")
    command = stoppable("httpd -f -p 8080 -h /www")
    return import_image(client, tag, root.finished(), [command, "ENV PATH=/bin", "EXPOSE 8080"])


def nginx_image(client: docker.DockerClient, tag: str = NGINX) -> str:
    """Debian's nginx on port 80, serving /usr/share/nginx/html."""
    if present(client, tag):
        return tag
    root = RootFilesystem()
    root.busybox()
    root.program("nginx")
    name_service_libraries(root)
    for folder in ("var/log/nginx", "var/lib/nginx", "run", "usr/share/nginx/html", "etc/nginx/conf.d"):
        root.folder(folder)
    root.text("usr/share/nginx/html/index.html", "hello from nginx\n")
    root.text("etc/nginx/mime.types", Path("/etc/nginx/mime.types").read_text())
    root.text(
        "etc/nginx/nginx.conf",
        "daemon off; error_log /dev/stderr; pid /run/nginx.pid; events {}\n"
        "http { include /etc/nginx/mime.types; access_log off; include /etc/nginx/conf.d/*.conf;\n"
        "  server { listen 80 default_server; root /usr/share/nginx/html; } }\n",
    )
    return import_image(client, tag, root.finished(), ['CMD ["nginx"]', "ENV PATH=/usr/sbin:/bin", "EXPOSE 80"])


def redis_image(client: docker.DockerClient, tag: str = REDIS) -> str:
    """Debian's redis on port 6379, keeping its data in /data; redis-cli beside it."""
    if present(client, tag):
        return tag
    root = RootFilesystem()
    root.busybox()
    root.program("redis-server")
    root.program("redis-cli")
    name_service_libraries(root)
    root.folder("data")
    command = 'CMD ["redis-server", "--protected-mode", "no", "--dir", "/data"]'
    return import_image(client, tag, root.finished(), [command, "ENV PATH=/usr/bin:/bin", "EXPOSE 6379"])


def name_service_libraries(root: RootFilesystem) -> None:
    """What looking up a user or a host needs, which the C library loads when it runs."""
    root.text("etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    for folder in sorted(Path("/lib").glob("*-linux-gnu")):
        for pattern in ("libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"):
            for path in sorted(folder.glob(pattern)):
                root.allocation(str(path), str(path).lstrip("/"))


def save_tar(client: docker.DockerClient, image: str, folder: Path) -> Path:
    """The image as `docker save` writes it, in a file of `folder`."""
    path = folder / f"{image.replace('/', '_').replace(':', '_')}.tar"
    with path.open("wb") as file:
        for chunk in client.api.get_image(image):
            file.write(chunk)
    return path
