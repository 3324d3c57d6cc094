"""Checks what the docs say against what is there: links, commands, make targets, examples."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(#[^)]*)?\)")
COMMAND = re.compile(r"^\$? ?reconciler ([a-z]+)", re.MULTILINE)
TARGET = re.compile(r"`make ([a-z-]+)")
FILE = re.compile(r"`((?:[a-z_]+/)*[a-z_]+\.py|(?:reconciler|agent|api|tests|docs)/[a-z_/]+)`")


def findings() -> list[str]:
    """Everything that is not true."""
    pages = [path for path in sorted(ROOT.rglob("*.md")) if not path.relative_to(ROOT).parts[0].startswith(".")]
    examples = [*(ROOT / "examples").iterdir(), *(ROOT / "desired").iterdir()]
    examples = sorted(path for path in examples if path.suffix in (".yaml", ".json"))
    found = [*_of_pages(pages), *_of_examples(examples), *_of_scripts()]
    print(f"docs: {len(pages)} pages, {len(examples)} examples, {len(found)} findings")
    return found


def _of_pages(pages: list[Path]) -> Iterator[str]:
    """Links, commands, make targets, files and folders that are named and not there."""
    from reconciler.cli.main import main as group

    commands = set(group.list_commands(None))  # type: ignore[arg-type]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    places = {"/" + "/".join(Path(name).parts[:depth]) for name in tracked for depth in range(1, 9)}
    for page in pages:
        text, name = page.read_text(), page.relative_to(ROOT)
        for link, _ in LINK.findall(text):
            if "://" not in link and not (page.parent / link).exists():
                yield f"{name}: the link {link} leads nowhere"
        yield from (f"{name}: there is no command {word}" for word in COMMAND.findall(text) if word not in commands)
        yield from (f"{name}: there is no target {word}" for word in TARGET.findall(text) if word not in targets)
        for place in FILE.findall(text):
            if not any(known.endswith(f"/{place.rstrip('/')}") for known in places):
                yield f"{name}: there is no {place}"


def _of_examples(examples: list[Path]) -> Iterator[str]:
    """Examples that no manager would take, or that name no schema for editors."""
    from reconciler.manifest.errors import SpecError
    from reconciler.manifest.load import load_text

    for example in examples:
        text, name = example.read_text(), str(example.relative_to(ROOT))
        if example.suffix == ".yaml" and "# yaml-language-server: $schema=" not in text.splitlines()[0]:
            yield f"{name}: the first line names no schema for editors"
        try:
            load_text(text, name)
        except SpecError as error:
            yield from map(str, error.problems)


def _of_scripts() -> Iterator[str]:
    """Scripts that no shell can read."""
    for script in (path for path in (ROOT / ".ci").iterdir() if path.suffix == ""):
        if subprocess.run(["bash", "-n", str(script)], check=False).returncode:
            yield f"{script.relative_to(ROOT)}: is no valid script"


if __name__ == "__main__":
    problems = findings()
    print("\n".join(problems))
    sys.exit(bool(problems))
