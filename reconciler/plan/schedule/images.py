"""Which node has which image, and what one that lacks it has to fetch.

An image's size is what any node reports of it, the largest where they differ (platforms do); nobody knows the size of
one that no node has. Nothing is looked up before somebody asks for an image, so a plan in which nothing starts pays
nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reconciler.plan.model.observed import Node
from reconciler.plan.model.plan import Fetch
from reconciler.plan.schedule.shape import MOST, Shape, mebibytes

UNPACKING = 2
"""Room that an image takes while it is fetched, in times its size: the packed layers lie beside the unpacked ones."""


@dataclass(frozen=True, slots=True)
class _Known:
    """The largest reported size of an image in MiB (None: no node has it), and which rows lack it."""

    size_mb: int | None
    absent: np.ndarray


class ImageStock:
    """The images of a fleet's nodes, by row number. Changes as a plan decides what is fetched."""

    def __init__(self, nodes: Sequence[Node]) -> None:
        self._nodes = nodes
        self._known: dict[str, _Known] = {}
        self._fetches: dict[tuple[str, int], Fetch] = {}
        self._fetching: dict[str, list[int]] = {}
        self._disk_free: np.ndarray | None = None
        self._plain: dict[Shape, Shape] = {}

    def size_mb(self, image: str) -> int | None:
        """The image's size, None when no node has it."""
        return self._of(image).size_mb if image else None

    def absent(self, image: str) -> np.ndarray:
        """The rows that do not report the image."""
        return self._of(image).absent

    def disk_free(self) -> np.ndarray:
        """MiB free on each row, after what this plan fetches; where a node does not say, more than any image needs."""
        if self._disk_free is None:
            free = [MOST if node.disk_free_mb is None else mebibytes(node.disk_free_mb) for node in self._nodes]
            self._disk_free = np.array(free, dtype=np.int64)
        return self._disk_free

    def suffices(self, image: str) -> np.ndarray:
        """The rows that have the image, or room for it, or may have it."""
        known = self._of(image)
        if known.size_mb is None:
            return np.ones(len(self._nodes), dtype=bool)
        mask: np.ndarray = ~known.absent | (self.disk_free() >= UNPACKING * known.size_mb)
        mask[self._fetching.get(image, [])] = True
        return mask

    def weighed(self, shape: Shape) -> Shape:
        """The shape, without its image where that makes no difference: instances of one shape are placed together."""
        if not shape.image or self.size_mb(shape.image) is not None:
            return shape
        found = self._plain.get(shape)
        if found is None:
            found = self._plain[shape] = replace(shape, image="")
        return found

    def fetch(self, image: str, row: int) -> Fetch | None:
        """What the node has to fetch for one more instance, None for an instance without image; it takes disk once."""
        if not image:
            return None
        found = self._fetches.get((image, row))
        if found is None:
            found = self._fetches[image, row] = self._fetch(image, row)
        return found

    def _fetch(self, image: str, row: int) -> Fetch:
        node, size = self._nodes[row], self.size_mb(image)
        if image in node.images:
            return Fetch(image, mebibytes(node.images[image]), present=True)
        free = None if node.disk_free_mb is None else int(self.disk_free()[row])
        if size is not None and free is not None:
            self.disk_free()[row] = max(free - size, 0)
            self._fetching.setdefault(image, []).append(row)
        return Fetch(
            image,
            size,
            present=False if node.images or node.disk_free_mb is not None else None,
            disk_free_mb=free,
            disk_suffices=None if size is None or free is None else free >= UNPACKING * size,
        )

    def _of(self, image: str) -> _Known:
        found = self._known.get(image)
        if found is None:
            sizes = [node.images.get(image) for node in self._nodes]
            largest = max((mebibytes(size) for size in sizes if size is not None), default=None)
            found = _Known(largest, np.array([size is None for size in sizes], dtype=bool))
            self._known[image] = found
        return found
