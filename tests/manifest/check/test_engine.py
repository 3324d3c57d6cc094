"""What no Engine takes is refused where the spec is read, with the field, and what would be taken instead."""

import pytest

from reconciler.manifest.errors import SpecError
from reconciler.manifest.load import load_text

HEAD = "business_id: shop\nbusiness_name: Shop\ncomponents:\n- component_id: web\n  image_name: nginx\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("resource_requirements: {memory_mb: 0.0001}", "memory_mb: 1 MB is too small: the Engine takes 6 or more"),
        ("resource_requirements: {memory_mb: 5m}", "5 MB is too small"),
        ("resource_requirements: {cpu_cores: 0.001}", "0.001 is too small: the Engine takes 0.01 or more"),
        ("healthcheck: {test: x, start_period: 100us}", "at least 1ms, or 0"),
        ("healthcheck: {test: x, start_interval: 0s}", "at least 1ms"),
        ("ulimits: {nofiles: 5}", "'nofiles' is no limit of the kernel; did you mean 'nofile'?"),
        ("sysctls: {vm.swappiness: 1}", "'vm.swappiness' is no setting that a container has of its own"),
        ("network_mode: host\n  sysctls: {net.core.somaxconn: 1}", "would be the node's own with network_mode host"),
        ("volumes: ['a:/data']", "'a' is no volume name: it has 2 to 255 characters"),
        ("volumes: [{type: bind, source: /a, target: '/b:c'}]", "holds ':' or a control character"),
        ("volumes: ['/a:/d', '/b:/d/']", "target '/d/' is mounted twice"),
        ("volumes: ['/a:/d']\n  tmpfs: [//d]", "target '//d' is mounted twice"),
        ("tmpfs: ['/run:noexek']", "'noexek' is no option of a tmpfs; did you mean 'noexec'?"),
        ("tmpfs: ['/run:size=abc']", "'abc' is no size"),
        ("tmpfs: ['/run:mode=9']", "'9' is no mode"),
        ("command: ['', a]", "command: begins with an empty word"),
        ("entrypoint: ['']", "entrypoint: begins with an empty word"),
        ('command: ["a\\0"]', "holds a NUL character"),
        ('working_dir: "/a\\n"', "holds a control character"),
        ("user: 'a:b:c'", "'a:b:c' is no user"),
        ("user: '2147483648'", "ids go from 0 to 2147483647"),
        ("user: '-1'", "'-1' is no user"),
        ("cap_add: [NET_ADMINN]", "'NET_ADMINN' is no capability; did you mean 'NET_ADMIN'?"),
        ("cap_drop: [cap_nosuch]", "is no capability"),
        ("security_opt: ['secomp=unconfined']", "'secomp' is no security option; did you mean 'seccomp'?"),
        ("security_opt: ['seccomp=/etc/profile.json']", "no file's path"),
        (f"hostname: {'a' * 65}", "hostname: is too long: at most 64 characters"),
        ("extra_hosts: ['db:1.2.3']", "'1.2.3' is no IP address (or host-gateway)"),
        ("dns: [resolver]", "'resolver' is no IP address"),
        ("networks: [host]", "'host' is the Engine's own: write network_mode: host"),
        ("logging: {driver: json-file, options: {max-sise: 1m}}", "did you mean 'max-size'?"),
        ("logging: {driver: local, options: {max-size: abc}}", "'abc' is no size"),
        ("logging: {driver: json-file, options: {max-size: '0'}}", "'0' is no size"),
        ("logging: {driver: json-file, options: {max-file: '0'}}", "at least 1"),
        ("platform: nosuch", "'nosuch' is no platform: write one such as linux/amd64"),
        ("config_files: [{path: /a}, {path: /a/b}]", "'/a/b' lies below /a, which is a file too"),
        (f"config_files: [{{path: /{'a' * 256}}}]", "holds a name of more than 255 bytes"),
    ],
)
def test_what_the_engine_would_refuse_is_refused_at_the_door(line: str, expected: str) -> None:
    with pytest.raises(SpecError) as caught:
        load_text(HEAD + f"  {line}\n", "shop.yaml")
    assert any(expected in str(problem) for problem in caught.value.problems), caught.value.problems


@pytest.mark.parametrize(
    "line",
    [
        "resource_requirements: {memory_mb: 6, cpu_cores: 0.01}",
        "resource_requirements: {memory_mb: 0, cpu_cores: 0}",
        "ulimits: {NOFILE: 1024, memlock: -1}",
        "sysctls: {net.core.somaxconn: 1024, kernel.shmmax: 1, fs.mqueue.msg_max: 10}",
        "volumes: ['data:/data', '/srv:/srv:ro']",
        "tmpfs: ['/run:size=64m,mode=1777,noexec', /tmp]",
        "user: '1000:nogroup'",
        "cap_add: [CAP_NET_ADMIN, sys_time, ALL]",
        "security_opt: ['label:disable', 'no-new-privileges', 'no-new-privileges:true', 'seccomp={\"a\": 1}']",
        "extra_hosts: ['host:host-gateway', 'six:::1', 'db=10.0.0.1']",
        "dns: [10.0.0.2, '::1']",
        "logging: {driver: json-file, options: {max-size: 10m, max-file: '3'}}",
        "logging: {driver: syslog, options: {anything: x}}",
        "platform: linux/arm/v7",
        "platform: linux",
        "platform: arm64",
        "config_files: [{path: /a/b}, {path: /a/c}]",
    ],
)
def test_what_it_takes_is_taken(line: str) -> None:
    assert load_text(HEAD + f"  {line}\n", "shop.yaml")
