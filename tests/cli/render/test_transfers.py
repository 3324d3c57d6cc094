"""What a plan fetches, and what it could not know, for people."""

import pytest

from reconciler.cli.render.transfers import fetches_of, megabytes, spell, transfer_lines
from reconciler.plan.show.fields import DownloadFields, UnknownFields
from tests.cli.render.plans import fetch, preview


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "[cyan]pulls web:1 (size unknown; free disk unknown)[/]"),
        ({"size_mb": 120, "disk_free_mb": 5120}, "[cyan]pulls web:1 (120 MB; 5.0 GB free)[/]"),
        ({"how": "load"}, "[cyan]loads web:1 (size unknown; free disk unknown)[/]"),
        ({"present": None}, "[cyan]pulls, if missing, web:1 (size unknown; free disk unknown)[/]"),
        ({"present": True}, None),
        ({"present": True, "pull_policy": "always"}, "[dim]asks for web:1 anew[/]"),
        ({"pull_policy": "never"}, "[red]needs web:1 there: pull_policy is never[/]"),
        ({"pull_policy": "never", "present": None}, None),
        (
            {"size_mb": 150, "disk_free_mb": 200, "disk_suffices": False},
            "[red]pulls web:1 (150 MB; 200 MB free): not enough disk[/]",
        ),
        ({"image": "[b]x"}, r"[cyan]pulls \[b]x (size unknown; free disk unknown)[/]"),
    ],
)
def test_how_an_image_comes_is_said_as_its_policy_has_it(fields: dict[str, object], words: str | None) -> None:
    assert fetches_of(preview(fetches=(fetch(**fields),))).get(("shop/web/0", "a")) == words


def downloading(images: int, size_mb: int, of_unknown_size: int) -> list[str]:
    node = DownloadFields(
        node_id="a",
        images=images,
        size_mb=size_mb,
        of_unknown_size=of_unknown_size,
        disk_free_mb=None,
        disk_suffices=None,
    )
    return list(transfer_lines(preview(downloads=(node,))))


def test_several_images_of_a_node_are_added_up() -> None:
    assert downloading(2, 120, 1) == ["[dim]a gets 2 images: 120 MB and 1 of unknown size.[/]"]
    assert downloading(2, 0, 2) == ["[dim]a gets 2 images: 2 of unknown size.[/]"]
    assert downloading(1, 120, 0) == []


def test_what_is_not_known_has_its_age_and_whom_it_matters_to() -> None:
    unknown = UnknownFields(
        node_id="a", what="silent", since=1.0, age_seconds=20.0, instances=tuple(f"shop/web/{n}" for n in range(5))
    )
    of_none = UnknownFields(node_id=None, what="the size of x", since=None, age_seconds=None, instances=("shop/x/0",))
    assert list(transfer_lines(preview(unknowns=(unknown, of_none)))) == [
        "[yellow]?[/] not known: a: silent, 20 s ago  [dim](shop/web/0, shop/web/1, shop/web/2 and 2 more)[/]",
        "[yellow]?[/] not known: the size of x  [dim](shop/x/0)[/]",
    ]


def test_sizes_and_ages_are_written_as_people_say_them() -> None:
    assert [megabytes(size) for size in (0, 1023, 1024, 3584)] == ["0 MB", "1023 MB", "1.0 GB", "3.5 GB"]
    assert [spell(seconds) for seconds in (0, 119.4, 120, 7199, 7200)] == ["0 s", "119 s", "2 min", "120 min", "2 h"]
