"""Types of what is written on a command line: durations, moments, shares."""

import time
from datetime import datetime

import click

from reconciler.manifest.form.units import seconds


class Duration(click.ParamType):  # type: ignore[type-arg]
    """A duration such as 90s or 5m, in seconds."""

    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a duration in seconds."""
        if isinstance(value, float):
            return value
        try:
            return seconds(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Since(click.ParamType):  # type: ignore[type-arg]
    """A moment: so long ago (`10m`, `1h30m`), or a date and time as in ISO 8601; in seconds since the epoch."""

    name = "since"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a moment in seconds since the epoch."""
        text = str(value).strip()
        try:
            return time.time() - seconds(text)
        except ValueError:
            pass
        try:
            moment = datetime.fromisoformat(text)
            return (moment if moment.tzinfo else moment.astimezone()).timestamp()
        except (ValueError, OverflowError):
            self.fail(
                f"'{text}' is neither how long ago, such as 10m, nor a time, such as 2026-11-25T22:00", param, ctx
            )


class Share(click.ParamType):  # type: ignore[type-arg]
    """A share such as 50%, as a number from 0 to 1."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a share, from 0 to 1."""
        if isinstance(value, float):
            return value
        number, percent, rest = str(value).partition("%")
        if not percent or rest or not number.isascii() or not number.isdigit() or int(number) > 100:
            self.fail(f"'{value}' is no share: write it as 50%", param, ctx)
        return int(number) / 100
