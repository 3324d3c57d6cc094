"""A program's healthcheck, run on the host as Compose describes it for containers."""

import subprocess
import time

from reconciler.spec.model import Component
from reconciler.wire.messages import Status


class Health:
    """Starting until the first success; failed after `retries` failures in a row outside the start period."""

    def __init__(self, component: Component, environment: dict[str, str], folder: str) -> None:
        check = component.healthcheck
        self._check = check if check is not None and check.test and check.test[0] != "NONE" else None
        self._environment = environment
        self._folder = component.working_dir or folder
        self.begin()

    def begin(self) -> None:
        """The program was started just now."""
        self._began = time.monotonic()
        self._failures = 0
        self._healthy: bool | None = None
        self._message = ""
        self._due = self._began + self._interval()

    def next_look(self) -> float:
        """In how many seconds `look` has something to do."""
        return max(self._due - time.monotonic(), 0.0) if self._check else float("inf")

    def look(self) -> tuple[Status, str]:
        """The status and its reason, after a check if one is due; it takes at most the check's timeout."""
        if self._check is None:
            return Status.RUNNING, ""
        if time.monotonic() >= self._due:
            self._run()
            self._due = time.monotonic() + self._interval()
        if self._healthy is None:
            return Status.STARTING, ""
        return (Status.RUNNING, "") if self._healthy else (Status.FAILED, self._message)

    def _interval(self) -> float:
        check = self._check
        if check is None:
            return float("inf")
        starting = check.start_interval is not None and self._healthy is None
        return check.start_interval if starting and check.start_interval else check.interval

    def _run(self) -> None:
        check = self._check
        if check is None:
            return
        words = list(check.test[1:]) if check.test[0] == "CMD" else ["/bin/sh", "-c", *check.test[1:]]
        try:
            done = subprocess.run(
                words,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=check.timeout,
                check=False,
            )
            code, output = done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace").strip()
        except subprocess.TimeoutExpired:
            code, output = 1, f"no answer in {check.timeout:g} s"
        except OSError as error:
            code, output = 1, str(error)
        if code == 0:
            self._failures, self._healthy = 0, True
            return
        if self._healthy is None and time.monotonic() - self._began < check.start_period:
            return
        self._failures += 1
        if self._failures >= check.retries:
            self._healthy = False
            last = output.splitlines()[-1][-200:] if output else f"code {code}"
            self._message = f"unhealthy: {last}"
