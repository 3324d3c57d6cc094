"""Draws docs/architecture.svg from the imports that are really there; `--check` only compares."""

import sys
from collections import Counter
from dataclasses import dataclass
from html import escape
from pathlib import Path

import grimp

ROOT = Path(__file__).resolve().parents[1]
PICTURE = ROOT / "docs" / "architecture.svg"

MANAGER = (
    ("reconciler.cli", "api"),
    ("reconciler.control",),
    ("reconciler.source", "reconciler.store"),
    ("reconciler.plan",),
    ("reconciler.net", "reconciler.wire"),
    ("reconciler.manifest",),
)
AGENT = (
    ("agent.main",),
    ("agent.api", "agent.reporting"),
    ("agent.supervisor",),
    ("agent.engine", "agent.process"),
    ("agent.runtime", "agent.host"),
)
"""The rooms of each side, row by row; imports point downward."""

ROW, TOP, WIDTH, SIDE, GAP = 124, 70, 1280, 720, 24


@dataclass(frozen=True)
class Room:
    """A package as a box: its name, its place and size in pixels, and the folders and modules inside."""

    name: str
    x: int
    y: int
    width: int
    parts: tuple[str, ...]
    height: int = 88


def main() -> int:
    """Write the picture, or tell whether it is as it should be; the exit status."""
    text = picture()
    if "--check" not in sys.argv:
        PICTURE.write_text(text, encoding="utf-8")
        return 0
    if PICTURE.exists() and PICTURE.read_text(encoding="utf-8") == text:
        return 0
    print(f"{PICTURE.relative_to(ROOT)} is not as the imports are: run `make docs`")
    return 1


def picture() -> str:
    """Draw the rooms and the arrows between those that import, as wide as they do so often; not what follows from others."""
    sys.path.insert(0, str(ROOT))
    graph = grimp.build_graph("reconciler", "agent", "api", cache_dir=None)
    rooms = {room.name: room for room in (*_rooms(MANAGER, 20, SIDE, graph), *_rooms(AGENT, SIDE + 60, 480, graph))}
    arrows: Counter[tuple[str, str]] = Counter()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            ends = _room_of(module, rooms), _room_of(imported, rooms)
            if None not in ends and ends[0] != ends[1]:
                arrows[ends] += 1  # type: ignore[index]
    drawn = [_arrow(rooms[one], rooms[other], arrows[one, other]) for one, other in sorted(_direct(set(arrows)))]
    height = TOP + ROW * len(MANAGER)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" font-size="12">'
        '<defs><marker id="end" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto" '
        'markerUnits="userSpaceOnUse"><path d="M0 0 8 4 0 8z" fill="#64748b"/></marker></defs>'
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>'
    )
    titles = [
        _text(20, 36, "the manager and the command line", 18),
        _text(SIDE + 60, 36, "the agent, on every node", 18),
    ]
    return "\n".join([head, *titles, *drawn, *map(_box, rooms.values()), "</svg>"]) + "\n"


def _direct(arrows: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Leave out what follows from other arrows: who imports a room may know what that room knows."""
    reached = {one: {other for first, other in arrows if first == one} for one, _ in arrows}
    for _ in reached:
        for one, others in reached.items():
            reached[one] = others.union(*(reached.get(other, set()) for other in others)) - {one}
    return {
        (one, other)
        for one, other in arrows
        if not any(other in reached.get(between, ()) for first, between in arrows if first == one and between != other)
    }


def _rooms(rows: tuple[tuple[str, ...], ...], left: int, width: int, graph: grimp.ImportGraph) -> list[Room]:
    found = []
    for number, names in enumerate(rows):
        share = (width - GAP * (len(names) - 1)) // len(names)
        for place, name in enumerate(names):
            children = sorted(graph.find_children(name)) if name in graph.modules else []
            folders = [child for child in children if graph.find_children(child)] or children
            parts = tuple(child.rpartition(".")[2] for child in folders)
            found.append(Room(name, left + place * (share + GAP), TOP + number * ROW, share, parts))
    return found


def _room_of(module: str, rooms: dict[str, Room]) -> str | None:
    return next((name for name in rooms if module == name or module.startswith(f"{name}.")), None)


def _arrow(one: Room, other: Room, count: int) -> str:
    x1, x2 = one.x + one.width // 2, other.x + other.width // 2
    y1, y2 = one.y + one.height, other.y
    if one.y == other.y:
        y1 = y2 = one.y + one.height // 2
        x1, x2 = (one.x + one.width, other.x) if one.x < other.x else (one.x, other.x + other.width)
    wide = round(min(1 + count / 12, 5), 1)
    title = escape(f"{one.name} imports {other.name} {count} times")
    line = (
        f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" stroke="#94a3b8" stroke-width="{wide}" marker-end="url(#end)">'
    )
    return f"{line}<title>{title}</title></line>"


def _box(room: Room) -> str:
    lines, line = [], ""
    for part in room.parts:
        if line and (len(line) + len(part)) * 6.4 > room.width - 24:
            lines, line = [*lines, line], ""
        line = f"{line} · {part}" if line else part
    lines = [*lines, line][:3]
    box = (
        f'<rect x="{room.x}" y="{room.y}" width="{room.width}" height="{room.height}" rx="8" '
        'fill="#f1f5f9" stroke="#334155"/>'
    )
    inside = [_text(room.x + 12, room.y + 42 + 15 * number, text, 11) for number, text in enumerate(lines)]
    return "".join([box, _text(room.x + 12, room.y + 22, room.name, 14), *inside])


def _text(x: int, y: int, text: str, size: int) -> str:
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="#0f172a">{escape(text)}</text>'


if __name__ == "__main__":
    sys.exit(main())
