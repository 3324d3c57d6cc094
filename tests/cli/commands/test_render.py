"""`reconciler render`: what specs come to, without a manager."""

import json
from pathlib import Path

import pytest
import yaml

from tests.support.commands import command

GITOPS = Path(__file__).parents[3] / "examples" / "gitops"


@pytest.fixture
def environments(tmp_path: Path) -> Path:
    """The example in a repository of its own."""
    (tmp_path / ".git").mkdir()
    for path in GITOPS.rglob("*.yaml"):
        made = tmp_path / path.relative_to(GITOPS)
        made.parent.mkdir(parents=True, exist_ok=True)
        made.write_text(path.read_text())
    return tmp_path / "environments"


def test_an_environment_is_printed_as_it_is_applied(environments: Path, tmp_path: Path) -> None:
    shown = command("render", str(environments / "prod"))
    assert shown.returncode == 0, shown.stderr
    (shop,) = yaml.safe_load_all(shown.stdout)
    web, db = shop["components"]
    assert (web["image_name"], web["replicas"], db["component_id"]) == ("nginx:1.27", 3, "db")
    assert web["ports"] == [{"target": 80, "published": 80}]
    assert web["environment_variables"] == {"DB": "${db.host}:${db.port.6379}"}, "LOG_LEVEL is taken away"
    assert "content: |\n" in shown.stdout
    staging = json.loads(command("render", str(environments / "staging"), "-o", "json").stdout)
    assert [component["component_id"] for component in staging[0]["components"]] == ["web", "db", "mail-catcher"]
    (tmp_path / "rendered.yaml").write_text(shown.stdout)
    assert command("render", str(tmp_path / "rendered.yaml")).stdout == shown.stdout


def test_mistakes_are_told_with_their_lines(environments: Path) -> None:
    overlay = environments / "prod" / "shop.yaml"
    overlay.write_text(overlay.read_text().replace("replicas: 3", "replicas: three"))
    for words in (["validate"], ["render"], ["apply"]):
        done = command(*words, str(environments / "prod"))
        assert done.returncode == 1
        assert f"{overlay}:5: components[0].replicas: 'three' is text" in done.stderr
    part = command("validate", str(overlay))
    assert part.returncode == 1 and "give that folder" in part.stderr
    assert command("validate", str(environments / "staging")).returncode == 0
