"""Where settings come from: flags, then the environment, then the config file.

The file is YAML with any of `manager`, `token_file` and `output`; it is at RECONCILER_CONFIG, or at
`~/.config/reconciler/config.yaml`.
"""

import os
from pathlib import Path

import yaml

from reconciler.cli.support.errors import WrongUse
from reconciler.net.listen import ServeError
from reconciler.net.tokens import read_token

DEFAULT_MANAGER = "http://127.0.0.1:7700"
KNOWN = ("manager", "token_file", "output")


def setting(name: str) -> str | None:
    """Read a value of the config file, None when it has none. Raises WrongUse for a file that can't be used."""
    given = os.environ.get("RECONCILER_CONFIG")
    path = Path(given) if given else Path.home() / ".config/reconciler/config.yaml"
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if given:
            raise WrongUse(f"RECONCILER_CONFIG names {path}, which does not exist") from None
        return None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise WrongUse(f"the config file {path} can't be read: {error}") from None
    if content is None:
        return None
    if not isinstance(content, dict) or any(key not in KNOWN for key in content):
        raise WrongUse(f"the config file {path} may only hold {', '.join(KNOWN)}")
    value = content.get(name)
    return None if value is None else str(value)


def manager_url(flag: str | None) -> str:
    """Choose the manager's address. Raises WrongUse when it is none."""
    url = flag or os.environ.get("RECONCILER_MANAGER") or setting("manager") or DEFAULT_MANAGER
    if not url.startswith(("http://", "https://")):
        raise WrongUse(f"'{url}' is no address of a manager: write one such as {DEFAULT_MANAGER}")
    return url.rstrip("/")


def token(flag: Path | None) -> str | None:
    """Read the shared token, None when none is given. Raises WrongUse when it can't be used."""
    try:
        found = read_token(flag, os.environ)
        if found is None and flag is None:
            file = setting("token_file")
            found = read_token(Path(file), {}) if file else None
    except ServeError as error:
        raise WrongUse(str(error)) from None
    return found


def output_format(flag: str | None) -> str:
    """Choose table, json or yaml. Raises WrongUse for another word."""
    found = flag or setting("output") or "table"
    if found not in ("table", "json", "yaml"):
        raise WrongUse(f"output '{found}' is not allowed: must be table, json or yaml")
    return found
