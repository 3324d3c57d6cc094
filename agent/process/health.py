"""A program's healthcheck: a command on the host, as Compose describes it for containers, or a probe of ours."""

import subprocess
import time

from agent.runtime.healthcheck import Health
from agent.runtime.probe import attempt
from reconciler.manifest.model import Component, Healthcheck
from reconciler.wire.messages import Status

LOCAL = "127.0.0.1"


class ProgramHealth:
    """Makes the checks of one program when they are due; without a healthcheck it is well whenever it runs."""

    def __init__(self, component: Component, environment: dict[str, str], folder: str) -> None:
        check = component.healthcheck
        self._check = check if check is not None and check.test[:1] != ("NONE",) else None
        self._environment = environment
        self._folder = component.working_dir or folder
        self.begin()

    def begin(self) -> None:
        """Begin anew: the program was started just now."""
        self._health = Health(self._check, time.monotonic()) if self._check else None

    def resume(self, started_at: float | None, status: Status) -> None:
        """Go on after another agent, which had last found the program (`started_at` in epoch seconds) in `status`."""
        if self._check is not None:
            now = time.monotonic()
            age = max(0.0, time.time() - started_at) if started_at is not None else 0.0
            self._health = Health(self._check, now - age, status, now)

    def next_look(self) -> float:
        """Return in how many seconds `look` has something to do."""
        return max(self._health.due - time.monotonic(), 0.0) if self._health else float("inf")

    def look(self) -> tuple[Status, str]:
        """Make a check if one is due, for at most its timeout; the status and its reason."""
        check, health = self._check, self._health
        if check is None or health is None:
            return Status.RUNNING, ""
        if time.monotonic() >= health.due:
            failure = self._run(check) if check.test else attempt(check, LOCAL)
            health.take(failure, time.monotonic())
        return self.verdict()

    def verdict(self) -> tuple[Status, str]:
        """Return the status and its reason, without a check."""
        return self._health.verdict if self._health else (Status.RUNNING, "")

    def _run(self, check: Healthcheck) -> str:
        """Run the check's command; empty when it went well, else the last line it wrote."""
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
        except subprocess.TimeoutExpired:
            return f"no answer in {check.timeout:g} s"
        except OSError as error:
            return str(error)
        if done.returncode == 0:
            return ""
        output = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
        return output.splitlines()[-1][-200:] if output else f"code {done.returncode}"
