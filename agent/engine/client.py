"""Connections to the Docker Engine that `DOCKER_HOST` names, or the local one."""

import requests
from docker import APIClient
from docker.errors import DockerException
from docker.utils import kwargs_from_env

from agent.runtime.contract import RuntimeFailure

CONNECTIONS_MAX = 16
CALL_SECONDS_MAX = 120
IMAGE_SECONDS_MAX = 1800
"""How long a call that carries an image may be silent."""


def connect_engine() -> tuple[APIClient, APIClient]:
    """Connect to the Engine twice: for calls, and for those that carry images. Raises RuntimeFailure without one."""
    try:
        client = engine_client(CALL_SECONDS_MAX)
        return client, engine_client(IMAGE_SECONDS_MAX, client.api_version)
    except (DockerException, requests.RequestException, OSError) as error:
        reason = str(error).removeprefix("Error while fetching server API version: ")
        raise RuntimeFailure(f"no Docker Engine answers on this node: {reason}") from error


def engine_client(seconds_max: int, version: str = "auto") -> APIClient:
    """Connect to the Engine; a call may be silent for `seconds_max`. Raises DockerException."""
    client = APIClient(version=version, timeout=seconds_max, max_pool_size=CONNECTIONS_MAX, **kwargs_from_env())
    if is_local(client):
        client.trust_env = False  # no proxy is between us and a local socket, and looking for one costs each call
    return client


def is_local(client: APIClient) -> bool:
    """Tell whether the Engine is on this host, behind a socket."""
    return client.base_url.startswith("http+docker")
