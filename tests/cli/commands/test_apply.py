"""`apply`: what is new, what changed, what stays, what is refused."""

from pathlib import Path

import yaml

from tests.cli.conftest import Cli, Fleet
from tests.support.cluster import business, program


def test_a_business_is_created_updated_and_left_alone(fleet: Fleet, shop_file: Path) -> None:
    first = fleet.cli("apply", str(shop_file))
    assert (first.returncode, first.stdout) == (0, "shop created\n")
    revision = fleet.manager.get("/api/businesses/shop")["revision"]
    again = fleet.cli("apply", str(shop_file))
    assert (again.returncode, again.stdout) == (0, f"shop unchanged (revision {revision})\n")
    shop_file.write_text(shop_file.read_text().replace("sleep 600", "sleep 700"))
    assert fleet.cli("apply", "-", stdin=shop_file.read_text()).stdout == f"shop updated (revision {revision + 1})\n"


def test_one_that_is_refused_keeps_no_other_from_being_sent(fleet: Fleet, shop_file: Path, tmp_path: Path) -> None:
    declared = fleet.manager.desired / "blog.yaml"
    declared.write_text(yaml.safe_dump(business("blog", [program("web", None, "sleep 600")])))
    fleet.cli("sync")
    changed = tmp_path / "blog.yaml"
    changed.write_text(declared.read_text().replace("sleep 600", "sleep 700"))
    done = fleet.cli("apply", str(changed), str(shop_file))
    assert done.returncode == 1
    assert done.stdout == "shop created\n"
    assert "is declared in desired/blog.yaml: change it there" in done.stderr and "error: refused: blog" in done.stderr
    declared.unlink()
    assert fleet.cli("sync", "--prune").returncode == 0


def test_what_holds_no_business_is_said_so(fleet: Fleet) -> None:
    empty = fleet.cli("apply", "-", stdin="# nothing\n")
    assert empty.returncode == 1 and "there is no business in what was given" in empty.stderr


def test_nothing_is_sent_before_all_was_read(nowhere: Cli, shop_file: Path) -> None:
    done = nowhere("apply", str(shop_file), "/no/such.yaml")
    assert done.returncode == 1 and "/no/such.yaml can't be read" in done.stderr
