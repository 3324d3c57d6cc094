"""Where the long-running programs keep their state."""

import os
from pathlib import Path


def default_state() -> Path:
    """Choose where state is kept: /var/lib/reconciler for root, under the home directory for others."""
    return Path("/var/lib/reconciler") if os.geteuid() == 0 else Path.home() / ".local/state/reconciler"
