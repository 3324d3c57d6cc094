"""A business as the rest of the project sees it: one spelling, checked, immutable.

These structs are the *normal form* of a spec. `msgspec.to_builtins` turns one into a document that is itself a
valid spec (defaults left out), and `msgspec.convert` reads it back. Lists are tuples so that values compare and
hash. Short spellings (`"8080:80"`, `512m`, `1m30s`) never reach this module; `manifest.form.normalize` resolves them.

Units: memory and sizes whose name ends in `_mb` are MiB, other sizes are bytes, times are seconds (float).
Field names follow the Compose specification where the mission's request format does not name them.
"""

from typing import Literal

import msgspec

MONITOR_SECONDS = 5.0
"""How long an instance without a healthcheck must have run to count as good, where the spec does not say."""

Pairs = dict[str, str]
"""A string-to-string map, such as an environment. Treated as immutable everywhere."""


class Value(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The base of every part of a spec: immutable, compared by value, defaults left out of its document."""


class Resources(Value, frozen=True, kw_only=True):
    """What is reserved for one instance: `cpu_cores` of CPU time, `memory_mb` MiB, and GPUs.

    `gpu_count` whole devices are reserved; `gpu_memory_mb` is the least memory that each of them must have.
    """

    cpu_cores: float = 0.0
    memory_mb: int = 0
    gpu: bool = False
    gpu_count: int = 0
    gpu_memory_mb: int = 0


LIVE_LIMITS = ("cpu_cores", "memory_mb")
"""Fields of Resources whose value a running container is given anew; only whether there is one makes another digest."""


class ConfigFile(Value, frozen=True, kw_only=True):
    """A file put into the container before it starts; `mode` is octal text such as `0644`."""

    path: str
    content: str = ""
    mode: str = "0644"


class Affinity(Value, frozen=True, kw_only=True):
    """Where an instance may run: a GPU node, nodes with these labels, one named node, apart from others.

    `spread_by` is a node label; replicas are spread evenly over its values. `anti_affinity` lists component ids
    (of the same business; its own id means its own replicas) that must not share a node with this one.
    """

    require_gpu: bool = False
    node_labels: Pairs = {}
    node_id: str | None = None
    spread_by: str | None = None
    anti_affinity: tuple[str, ...] = ()


class Port(Value, frozen=True, kw_only=True):
    """A published port. `published` None lets the Engine choose a free host port, which is reserved for nobody."""

    target: int
    published: int | None = None
    host_ip: str = ""
    protocol: Literal["tcp", "udp", "sctp"] = "tcp"


class Mount(Value, frozen=True, kw_only=True):
    """Something mounted at `target`: a host path (`bind`), a named `volume`, or a `tmpfs` of `size` bytes."""

    type: Literal["bind", "volume", "tmpfs"]
    target: str
    source: str = ""
    read_only: bool = False
    size: int | None = None


class HttpProbe(Value, frozen=True, kw_only=True):
    """Asks the instance itself with a GET; a status from 200 to 399 is well."""

    port: int
    path: str = "/"


class TcpProbe(Value, frozen=True, kw_only=True):
    """Connects to the instance itself; a connection is well."""

    port: int


class Healthcheck(Value, frozen=True, kw_only=True):
    """Compose's healthcheck, and probes that the agent makes instead of a command inside; times are seconds.

    `test` is `("CMD", ...)`, `("CMD-SHELL", text)` or `("NONE",)`.
    """

    test: tuple[str, ...] = ()
    http: HttpProbe | None = None
    tcp: TcpProbe | None = None
    interval: float = 30.0
    timeout: float = 30.0
    retries: int = 3
    start_period: float = 0.0
    start_interval: float | None = None


class Ulimit(Value, frozen=True, kw_only=True):
    """A resource limit of the container's processes."""

    soft: int
    hard: int


class Logging(Value, frozen=True, kw_only=True):
    """The Engine's logging driver and its options."""

    driver: str = ""
    options: Pairs = {}


class Device(Value, frozen=True, kw_only=True):
    """A host device made visible in the container with `permissions` (a mix of r, w and m)."""

    source: str
    target: str
    permissions: str = "rwm"


class Dependency(Value, frozen=True, kw_only=True):
    """What a component waits for of another one, in Compose's words."""

    condition: Literal["service_started", "service_healthy", "service_completed_successfully"] = "service_started"


class Update(Value, frozen=True, kw_only=True):
    """How a new version replaces the old one: `parallelism` instances at a time, 0 for all. Times are seconds.

    An updated instance is good once it has run for `monitor`; `delay` later the next one's turn comes. The rest waits
    after `canary` instances (0: none) until an operator promotes the version. `failure_action` is taken when more than
    `max_failure_ratio` of the replicas fail with it.
    """

    parallelism: int = 1
    order: Literal["stop-first", "start-first"] = "stop-first"
    delay: float = 0.0
    monitor: float | None = None
    failure_action: Literal["pause", "continue", "rollback"] = "pause"
    max_failure_ratio: float = 0.0
    canary: int = 0


class Component(Value, frozen=True, kw_only=True, weakref=True):
    """One deployable part of a business. `docker` components are containers, `process` components host programs."""

    component_id: str
    component_name: str
    type: Literal["docker", "process"] = "docker"
    image_url: str | None = None
    image_name: str | None = None
    image_sha256: str | None = None
    resource_requirements: Resources = Resources()
    environment_variables: Pairs = {}
    config_files: tuple[ConfigFile, ...] = ()
    affinity: Affinity = Affinity()
    replicas: int = 1
    mode: Literal["replicated", "global"] = "replicated"
    singleton: bool = False
    depends_on: dict[str, Dependency] = {}
    on_node_loss: Literal["reschedule", "keep"] | None = None
    update: Update = Update()
    command: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    working_dir: str | None = None
    user: str | None = None
    ports: tuple[Port, ...] = ()
    volumes: tuple[Mount, ...] = ()
    networks: tuple[str, ...] = ()
    network_mode: str | None = None
    hostname: str | None = None
    healthcheck: Healthcheck | None = None
    restart: str = "always"
    stop_signal: str | None = None
    stop_grace_period: float = 10.0
    pre_stop: tuple[str, ...] = ()
    init: bool = False
    read_only: bool = False
    tmpfs: tuple[str, ...] = ()
    shm_size: int | None = None
    ulimits: dict[str, Ulimit] = {}
    cap_add: tuple[str, ...] = ()
    cap_drop: tuple[str, ...] = ()
    security_opt: tuple[str, ...] = ()
    privileged: bool = False
    devices: tuple[Device, ...] = ()
    dns: tuple[str, ...] = ()
    extra_hosts: tuple[str, ...] = ()
    sysctls: Pairs = {}
    pids_limit: int | None = None
    logging: Logging | None = None
    labels: Pairs = {}
    ignore_drift: tuple[str, ...] = ()
    pull_policy: Literal["always", "missing", "never"] = "missing"
    runtime: str | None = None
    platform: str | None = None

    @property
    def monitor(self) -> float:
        """How long (seconds) an updated instance must have run to count as good."""
        if self.update.monitor is not None:
            return self.update.monitor
        return 0.0 if self.healthcheck else MONITOR_SECONDS

    @property
    def runs_always(self) -> bool:
        """Whether an instance is started again even after it has ended well."""
        return self.restart in ("always", "unless-stopped")


class Window(Value, frozen=True, kw_only=True):
    """When changes are let in or kept out: from each time of the cron `schedule` on for `duration` seconds."""

    kind: Literal["allow", "deny"]
    schedule: str
    duration: float
    time_zone: str = "UTC"


class Sync(Value, frozen=True, kw_only=True):
    """How a business follows its source, and whether it heals. None leaves it to the source's policy."""

    mode: Literal["auto", "manual"] | None = None
    prune: bool | None = None
    self_heal: bool | None = None
    windows: tuple[Window, ...] | None = None

    def over(self, other: "Sync") -> "Sync":
        """This policy, completed with another one."""
        return Sync(
            mode=other.mode if self.mode is None else self.mode,
            prune=other.prune if self.prune is None else self.prune,
            self_heal=other.self_heal if self.self_heal is None else self.self_heal,
            windows=other.windows if self.windows is None else self.windows,
        )


class Business(Value, frozen=True, kw_only=True, weakref=True):
    """One application: its id, its name for people, and its components, in the order they were written.

    `depends_on_businesses` are the ids of businesses that have to run before it starts or changes.
    """

    business_id: str
    business_name: str
    components: tuple[Component, ...]
    depends_on_businesses: tuple[str, ...] = ()
    sync: Sync = Sync()
