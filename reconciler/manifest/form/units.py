"""Sizes and durations as Compose writes them. Every parser raises ValueError with what is allowed."""

import re

_SIZE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(b|k|kb|kib|m|mb|mib|g|gb|gib|t|tb|tib)?", re.IGNORECASE)
_FACTORS = {"": 1, "b": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)(us|ms|s|m|h|d)")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def size_bytes(value: str | float) -> int:
    """`64m`, `1g`, `512kb` or a whole number of bytes (JSON has 64.0 too), in bytes. Units are powers of 1024."""
    if not isinstance(value, str):
        return int(value)
    match = _SIZE.fullmatch(value.strip())
    if match is None:
        raise ValueError(f"'{value}' is no size: write a number of bytes, or one with a unit such as 512k, 64m, 1g")
    return int(float(match[1]) * _FACTORS[(match[2] or "")[:1].lower()])


def size_mb(value: str | float) -> int:
    """`512m`, `1g` or a number of MiB, in MiB, rounded up."""
    if isinstance(value, str) and not value.strip().replace(".", "", 1).isdigit():
        return -(-size_bytes(value) // 2**20)
    return int(-(-float(value) // 1))


def seconds(value: str | float) -> float:
    """`1m30s`, `500ms` or a number of seconds, in seconds."""
    if not isinstance(value, str):
        return float(value)
    text = value.strip()
    parts = _DURATION.findall(text)
    if text and "".join(number + unit for number, unit in parts) == text:
        return float(sum(float(number) * _SECONDS[unit] for number, unit in parts))
    if text.replace(".", "", 1).isdigit():
        return float(text)
    raise ValueError(f"'{value}' is no duration: write one such as 30s, 1m30s or 500ms")


def cores(value: str | float) -> float:
    """A number of CPU cores, also as text."""
    try:
        return float(value)
    except ValueError:
        raise ValueError(f"'{value}' is no number of cores: write one such as 2 or 0.5") from None
