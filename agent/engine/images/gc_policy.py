"""Which image goes next: a pure decision about images that this agent brought."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from agent.engine.images.ours import BroughtImage

KEEP_SECONDS = 7 * 86400.0
"""Seconds for which an unused image stays, unless the operator says otherwise."""

DISK_SHARE_MAX = 0.85
"""The share of the Engine's disk above which unused images go before their time."""

KEEP_SECONDS_MIN = 3600.0
"""Seconds for which an image stays in any case: a deploy that has its image may have to wait for the old container."""


@dataclass(frozen=True, slots=True)
class Removal:
    """An image to remove, and why, for the log."""

    image: BroughtImage
    reason: str


def next_removal(
    images: Iterable[BroughtImage], used_ids: Collection[str], disk_share: float, now: float, keep: float
) -> Removal | None:
    """Choose the longest unused image, if that is for `keep` seconds, or if the disk is full and it is old enough.

    `used_ids` are the images that have containers, `disk_share` is the used part of the Engine's disk, 0..1. It names
    one image because only the disk can tell what its removal freed: layers are shared.
    """
    unused = [one for one in images if one.image_id not in used_ids]
    if not unused:
        return None
    oldest = min(unused, key=lambda one: (one.used, one.reference))
    age = now - oldest.used
    if age >= max(keep, KEEP_SECONDS_MIN):
        return Removal(oldest, f"unused for {spell(age)}")
    if disk_share > DISK_SHARE_MAX and age >= KEEP_SECONDS_MIN:
        return Removal(oldest, f"unused for {spell(age)}, and the disk is {disk_share:.0%} full")
    return None


def spell(age: float) -> str:
    """Spell seconds as hours or days, for people."""
    hours = age / 3600
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} days"
