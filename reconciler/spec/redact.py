"""What may be shown of a spec. Whatever leaves the manager for people's eyes passes through here."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from reconciler.spec.model import Business

HIDDEN = "(hidden)"

_SECRET = re.compile(
    r"PASSW|PASSPHRASE|SECRET|TOKEN|CREDENTIAL|PRIVATE|APIKEY|(^|[_.-])(KEY|KEYS|PASS|PWD|AUTH|DSN|SALT)($|[_.-])"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_URL_PASSWORD = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*://[^\s:/@]*):([^\s@/]+)@")
_OPTION = re.compile(r"(-{0,2}[A-Za-z0-9_.-]+)=(.+)", re.DOTALL)
_SHELL = re.compile(r"-[a-z]*c|CMD-SHELL")
_IN_SHELL = re.compile(
    r"""(?<![\w.-])(-{1,2}[A-Za-z][\w.-]*(?:=|\s+)|[A-Za-z_]\w*=)("[^"]*"|'[^']*'|[^\s"';&|-][^\s"';&|]*)"""
)


def is_secret(name: str) -> bool:
    """Whether a value of this name is likely to be a secret."""
    return _SECRET.search(_CAMEL.sub("_", name).upper()) is not None


def without_password(text: str) -> str:
    """The text with the passwords inside URLs hidden."""
    return _URL_PASSWORD.sub(rf"\1:{HIDDEN}@", text)


def redacted(business: Business) -> dict[str, Any]:
    """The business's document with everything hidden that is or may be a secret."""
    document: dict[str, Any] = msgspec.to_builtins(business)
    for component in document["components"]:
        for field in ("environment_variables", "labels"):
            if field in component:
                component[field] = {name: _value(name, value) for name, value in component[field].items()}
        for file in component.get("config_files", ()):
            if "content" in file:
                file["content"] = _content(file["content"])
        for field in ("command", "entrypoint", "pre_stop"):
            if component.get(field):
                component[field] = redacted_words(component[field])
        if component.get("healthcheck", {}).get("test"):
            component["healthcheck"]["test"] = redacted_words(component["healthcheck"]["test"])
        if component.get("image_url"):
            component["image_url"] = without_password(component["image_url"])
        if component.get("logging", {}).get("options"):
            options = component["logging"]["options"]
            component["logging"]["options"] = {name: _value(name, value) for name, value in options.items()}
    return document


def _value(name: str, value: str) -> str:
    return HIDDEN if value and is_secret(name) else without_password(value)


def _content(content: str) -> str:
    """Enough to see that a file's content differs, nothing of the content."""
    data = content.encode("utf-8", "surrogatepass")
    return f"(hidden: {len(data)} bytes, sha256 {hashlib.sha256(data).hexdigest()[:8]})"


def redacted_words(words: Sequence[str]) -> list[str]:
    """A command with the values of secret options and variables hidden: `--password=x`, `--password x`, `PASSWORD=x`.

    Of a shell's text, the word after `-c`, only those values are hidden, so that one can see what else it does.
    """
    shown = []
    hide = shell = False
    for word in words:
        option = _OPTION.fullmatch(word)
        if hide and not word.startswith("-"):
            shown.append(HIDDEN)
        elif shell:
            shown.append(_IN_SHELL.sub(_assignment, without_password(word)))
        elif option and is_secret(option[1].lstrip("-")):
            shown.append(f"{option[1]}={HIDDEN}")
        else:
            shown.append(without_password(word))
        hide = option is None and word.startswith("-") and is_secret(word.lstrip("-"))
        shell = _SHELL.fullmatch(word) is not None
    return shown


def _assignment(found: re.Match[str]) -> str:
    return found[1] + HIDDEN if is_secret(found[1].strip("-= \t\n")) else found[0]
