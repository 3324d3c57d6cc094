"""Directories that are environments: their bases are read and watched with them, and lie in the same repository."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.source.decide import decide
from reconciler.source.deferral import Asked
from reconciler.source.directory.folder import read_directory_tree
from reconciler.source.directory.source import DirectorySource
from reconciler.source.files import SourceReading, read_specs
from tests.source.directory.test_source import Watched

BASE = "business_id: {0}\ncomponents:\n  - component_id: web\n    image_name: web:${{var.TAG}}\n"


@pytest.fixture
def prod(tmp_path: Path) -> Path:
    """An environment of two businesses, in a repository."""
    base, folder = tmp_path / "base", tmp_path / "environments" / "prod"
    base.mkdir()
    folder.mkdir(parents=True)
    (tmp_path / ".git").mkdir()
    (base / "shop.yaml").write_text(BASE.format("shop"))
    (base / "blog.yaml").write_text(BASE.format("blog"))
    (folder / "environment.yaml").write_text('base: ../../base\nvariables: {TAG: "1"}\n')
    (folder / "shop.yaml").write_text("business_id: shop\ncomponents: [{component_id: web, replicas: 3}]\n")
    return folder


def read(folder: Path) -> SourceReading:
    return read_specs(read_directory_tree(folder))


def test_bases_are_read_with_it_and_every_file_has_a_name_of_this_source(prod: Path) -> None:
    found = read(prod)
    assert not found.problems
    assert {key: entry.file for key, entry in found.declared.items()} == {
        "blog": "prod/../../base/blog.yaml",
        "shop": "prod/shop.yaml",
    }
    assert all(found.owns(entry.file) for entry in found.declared.values())
    assert found.declared["shop"].business.components[0].replicas == 3


def test_a_broken_overlay_changes_and_removes_nothing_that_it_may_be_about(prod: Path) -> None:
    (prod / "shop.yaml").write_text("business_id: [")
    found = read(prod)
    assert found.declared == {} and found.problems
    assert found.may_mean("shop", "prod/shop.yaml") and found.may_mean("blog", "prod/../../base/blog.yaml")
    assert not any(decision.accept for decision in decide([found], {}, Asked(0.0)).values())
    (prod / "environment.yaml").write_text("base: ../../bose")
    found = read(prod)
    assert found.may_mean("anything", "prod/at-all.yaml")
    assert "'../../bose' holds no specs" in str(found.problems) or "No such file" in str(found.problems)


def test_a_base_outside_of_the_repository_is_not_read(prod: Path, tmp_path: Path) -> None:
    (prod / "environment.yaml").write_text("base: ../../../elsewhere")
    assert "leads out of what can be read here" in str(read(prod).problems)
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text(BASE.format("secret"))
    (tmp_path / "link").symlink_to(outside)
    (prod / "environment.yaml").write_text("base: ../../link")
    found = read(prod)
    assert "is a link that leads out of the repository" in str(found.problems) and not found.declared


def test_without_a_repository_bases_lie_inside(prod: Path, tmp_path: Path) -> None:
    (tmp_path / ".git").rmdir()
    if not any((above / ".git").exists() for above in tmp_path.parents):
        assert "leads out of what can be read here" in str(read(prod).problems)
    (prod / "base").mkdir()
    (prod / "base" / "blog.yaml").write_text(BASE.format("blog"))
    (prod / "environment.yaml").write_text('base: base\nvariables: {TAG: "1"}\n')
    (prod / "shop.yaml").write_text(BASE.format("shop"))
    assert set(read(prod).declared) == {"blog", "shop"}


def test_an_environment_further_down_is_not_mixed_in(prod: Path, tmp_path: Path) -> None:
    found = read(tmp_path)
    assert [problem.message for problem in found.problems if problem.file.endswith("environment.yaml")] == [
        f"{tmp_path.name}/environments/prod is an environment: apply or watch it by itself"
    ]
    assert found.may_mean("shop", f"{tmp_path.name}/environments/prod/shop.yaml")


@pytest.fixture
def watched(prod: Path) -> Iterator[Watched]:
    made = Watched(prod)
    yield made
    made.source.close()


def test_it_tells_of_changes_of_what_it_is_based_on(watched: Watched, prod: Path) -> None:
    source: DirectorySource = watched.source
    base = prod / "../../base"
    assert watched.told() and set(source.read().declared) == {"blog", "shop"}
    assert watched.told(), "the bases are known now"
    (base / "blog.yaml").unlink()
    assert watched.told() and set(source.read().declared) == {"shop"}
    (prod / "../../more").mkdir()
    (prod / "environment.yaml").write_text('base: [../../base, ../../more]\nvariables: {TAG: "1"}\n')
    assert watched.told()
    source.read()
    watched.told()
    (prod / "../../more/late.yaml").write_text(BASE.format("late"))
    assert watched.told() and set(source.read().declared) == {"late", "shop"}
