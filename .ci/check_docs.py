"""Checks what the docs say against what is there: links, commands, make targets, examples."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(#[^)]*)?\)")
COMMAND = re.compile(r"^\$? ?reconciler ([a-z]+)", re.MULTILINE)
TARGET = re.compile(r"`make ([a-z-]+)")
FILE = re.compile(r"`((?:[a-z_]+/)*[a-z_]+\.py|(?:reconciler|agent|api|tests|docs)/[a-z_/]+)`")


def findings() -> list[str]:
    """Everything that is not true."""
    from reconciler.cli.main import main as group
    from reconciler.manifest.errors import SpecError
    from reconciler.manifest.load import load_text

    found = []
    pages = [path for path in sorted(ROOT.rglob("*.md")) if not path.relative_to(ROOT).parts[0].startswith(".")]
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    places = {"/" + "/".join(Path(name).parts[:depth]) for name in tracked for depth in range(1, 9)}
    commands = set(group.list_commands(None))  # type: ignore[arg-type]
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in pages:
        text = page.read_text()
        name = page.relative_to(ROOT)
        for link, _ in LINK.findall(text):
            if "://" not in link and not (page.parent / link).exists():
                found.append(f"{name}: the link {link} leads nowhere")
        found += [f"{name}: there is no command {word}" for word in COMMAND.findall(text) if word not in commands]
        for place in FILE.findall(text):
            if not any(known.endswith(f"/{place.rstrip('/')}") for known in places):
                found.append(f"{name}: there is no {place}")
        found += [f"{name}: there is no target {word}" for word in TARGET.findall(text) if word not in targets]
    examples = [*(ROOT / "examples").iterdir(), *(ROOT / "desired").iterdir()]
    for example in sorted(path for path in examples if path.suffix in (".yaml", ".json")):
        text = example.read_text()
        if example.suffix == ".yaml" and "# yaml-language-server: $schema=" not in text.splitlines()[0]:
            found.append(f"{example.relative_to(ROOT)}: the first line names no schema for editors")
        try:
            load_text(text, str(example.relative_to(ROOT)))
        except SpecError as error:
            found += [str(problem) for problem in error.problems]
    scripts = [path for path in (ROOT / ".ci").iterdir() if path.suffix == ""]
    for script in scripts:
        if subprocess.run(["bash", "-n", str(script)], check=False).returncode:
            found.append(f"{script.relative_to(ROOT)}: is no valid script")
    print(f"docs: {len(pages)} pages, {len(examples)} examples, {len(found)} findings")
    return found


if __name__ == "__main__":
    problems = findings()
    print("\n".join(problems))
    sys.exit(bool(problems))
