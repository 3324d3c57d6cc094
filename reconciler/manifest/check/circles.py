"""Circles of things that need each other."""

from collections.abc import Iterable, Mapping


def circle(start: str, following: str, needs: Mapping[str, Iterable[str]]) -> list[str]:
    """The names on a way from `start` over `following` back to `start`; none when there is no such way."""
    came_from = {following: start}
    ahead = [following]
    while ahead:
        name = ahead.pop()
        if name == start:
            way = [came_from[name]] if name != following else []
            while way and way[-1] != start:
                way.append(came_from[way[-1]])
            return way[::-1] or [start]
        for after in needs.get(name, ()):
            if after not in came_from or after == start:
                came_from[after] = name
                ahead.append(after)
    return []


def shown(way: list[str]) -> str:
    """`goes round in a circle: a → b → a`."""
    return f"goes round in a circle: {' → '.join([*way, way[0]])}"
