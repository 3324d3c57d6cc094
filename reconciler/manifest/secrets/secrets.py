"""Where a spec's secrets are: by the names that values go by, and as passwords inside URLs.

What is done with them is for the caller to say: `redact` shows none of them, `seal` puts tokens in their place.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any

Hide = Callable[[str, str], str]
"""What stands in the place of a secret, given the path of its field and the secret itself."""

_SECRET = re.compile(
    r"PASSW|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|PRIVATE|APIKEY|(^|[_.-])(KEY|KEYS|PASS|PWD|AUTH|DSN|SALT)($|[_.-])"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_URL_PASSWORD = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/@]*):([^\s@/]+)@")
_OPTION = re.compile(r"(-{0,2}[A-Za-z0-9_.-]+)=(.+)", re.DOTALL)
_SHELL = re.compile(r"-[a-z]*c|CMD-SHELL")
SEALED = r"sealed:sha256:[0-9a-f]{64}"
"""What stands for a secret where it is sealed; the references that the secret holds follow."""
_IN_SHELL = re.compile(
    r"""(?<![\w.-])(-{1,2}[A-Za-z][\w.-]*(?:=|\s+)|[A-Za-z_]\w*=)"""
    # What is sealed ends where its token does: what followed the quotes of the secret is no part of it.
    rf"""("[^"]*"|'[^']*'|{SEALED}(?:\$\{{[\w.-]*\}})*|[^\s"';&|-][^\s"';&|]*)"""
)


def is_secret(name: str) -> bool:
    """Whether a value of this name is likely to be a secret."""
    return _SECRET.search(_CAMEL.sub("_", name).upper()) is not None


def hide_in(component: dict[str, Any], hide: Hide, hide_content: Hide) -> None:
    """Put what `hide` says in the place of every secret of a component's document.

    The content of config files may be anything, so all of it counts as a secret: `hide_content` is for that.
    """
    for field in ("environment_variables", "labels"):
        if field in component:
            component[field] = _values(field, component[field], hide)
    for file in component.get("config_files", ()):
        if "content" in file:
            file["content"] = hide_content(f"config_files[{file['path']}].content", file["content"])
    for field in ("command", "entrypoint", "pre_stop"):
        if component.get(field):
            component[field] = hide_in_words(field, component[field], hide)
    if component.get("healthcheck", {}).get("test"):
        component["healthcheck"]["test"] = hide_in_words("healthcheck.test", component["healthcheck"]["test"], hide)
    if component.get("image_url"):
        component["image_url"] = hide_in_urls("image_url", component["image_url"], hide)
    if component.get("logging", {}).get("options"):
        component["logging"]["options"] = _values("logging.options", component["logging"]["options"], hide)


def hide_in_urls(path: str, text: str, hide: Hide) -> str:
    """The text with the passwords inside URLs hidden."""
    if "://" not in text:
        return text
    return _URL_PASSWORD.sub(lambda found: f"{found[1]}:{hide(path, found[2])}@", text)


def hide_in_words(path: str, words: Sequence[str], hide: Hide) -> list[str]:
    """A command with the values of secret options and variables hidden: `--password=x`, `--password x`, `PASSWORD=x`.

    Of a shell's text, the word after `-c`, only those values are hidden, so that one can see what else it does.
    """

    def assignment(found: re.Match[str]) -> str:
        return found[1] + hide(path, found[2]) if is_secret(found[1].strip("-= \t\n")) else found[0]

    shown = []
    secret = shell = False
    for word in words:
        option = _OPTION.fullmatch(word)
        if secret and not word.startswith("-"):
            shown.append(hide(path, word))
        elif shell:
            shown.append(_IN_SHELL.sub(assignment, hide_in_urls(path, word, hide)))
        elif option and is_secret(option[1].lstrip("-")):
            shown.append(f"{option[1]}={hide(path, option[2])}")
        else:
            shown.append(hide_in_urls(path, word, hide))
        secret = option is None and word.startswith("-") and is_secret(word.lstrip("-"))
        shell = _SHELL.fullmatch(word) is not None
    return shown


def _values(path: str, values: dict[str, str], hide: Hide) -> dict[str, str]:
    return {
        name: hide(f"{path}.{name}", value)
        if value and is_secret(name)
        else hide_in_urls(f"{path}.{name}", value, hide)
        for name, value in values.items()
    }
