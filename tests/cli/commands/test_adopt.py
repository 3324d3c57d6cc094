"""`adopt` and `thaw`: what somebody changed on a node goes into the file, or is set back."""

from pathlib import Path
from typing import Any

import pytest

from reconciler.cli.commands.adopt import agreed
from reconciler.cli.support.client import Client
from reconciler.cli.support.errors import CliError
from tests.cli.conftest import Fleet


def drift(monkeypatch: pytest.MonkeyPatch, *found: dict[str, Any]) -> None:
    """Have the manager tell of these changed fields."""
    ask = Client.get
    monkeypatch.setattr(
        Client, "get", lambda self, path, **query: list(found) if path.endswith("/drift") else ask(self, path, **query)
    )


def changed(field: str, actual: Any, instance: int = 0) -> dict[str, Any]:
    return {"component_id": "web", "instance": instance, "field": field, "actual": actual}


def test_a_change_is_written_into_its_file(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, shop_file: Path, tmp_path: Path
) -> None:
    fleet.runs("shop")
    drift(monkeypatch, changed("user", "1000"))
    done = fleet.cli("adopt", "shop/web", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "+  user: '1000'" in done.stdout and "user: '1000'" in shop_file.read_text()
    assert fleet.cli("adopt", "shop/web", str(shop_file)).stdout == f"{shop_file} says so already: apply it\n"


def test_what_can_not_be_adopted(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch, shop_file: Path, tmp_path: Path
) -> None:
    fleet.runs("shop")
    before = shop_file.read_text()
    nothing = fleet.cli("adopt", "shop/web", str(shop_file))
    assert nothing.returncode == 1 and "there is nothing to adopt" in nothing.stderr
    drift(monkeypatch, changed("image", "nginx:2"))
    image = fleet.cli("adopt", "shop/web", str(shop_file))
    assert image.returncode == 1 and "give the image as image_name" in image.stderr
    drift(monkeypatch, changed("stop_signal", "SIGNOTHING!"))
    invalid = fleet.cli("adopt", "shop/web", str(shop_file))
    assert invalid.returncode == 1 and "is left as it is" in invalid.stderr
    drift(monkeypatch, changed("user", "1000"))
    other = tmp_path / "other.yaml"
    other.write_text("business_id: other\ncomponents:\n- component_id: web\n  image_name: nginx:1\n")
    nowhere = fleet.cli("adopt", "shop/web", str(other))
    assert nowhere.returncode == 1 and f"no file in {other} declares shop" in nowhere.stderr
    twin = tmp_path / "twin.yaml"
    twin.write_text(before)
    both = fleet.cli("adopt", "shop/web", str(tmp_path))
    assert both.returncode == 1 and "name one of them" in both.stderr
    assert shop_file.read_text() == before


def test_instances_have_to_agree() -> None:
    assert agreed([changed("user", "1"), changed("user", "1", 1)]) == {"user": "1"}
    with pytest.raises(CliError, match="different values on web/0 and web/1"):
        agreed([changed("user", "1"), changed("user", "2", 1)])


def test_there_may_be_nothing_to_thaw(fleet: Fleet) -> None:
    fleet.runs("shop")
    done = fleet.cli("thaw", "shop/web")
    assert done.returncode == 0 and "there is nothing to thaw" in done.stdout
    assert fleet.cli("thaw", "shop/wep").returncode == 1
