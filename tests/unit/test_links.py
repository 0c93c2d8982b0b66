"""What documents point to exists: their links, the headings in these, and the files they name."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.support.machine import ROOT

DOCUMENTS = sorted(
    file.relative_to(ROOT)
    for folder in ("", "docs", "docs/decisions", "notebooks", ".github")
    for file in (ROOT / folder).glob("*.md")
)
FENCE = re.compile(r"^ *```.*?^ *```", flags=re.MULTILINE | re.DOTALL)
FOLDERS = "benchmarks|dags|deploy|docs|notebooks|src|tests|tools"
NAMED = re.compile(rf"`((?:{FOLDERS})/[\w./-]+)`")
MADE = {"deploy/compose/.env", "deploy/compose/secrets", "deploy/compose/lake"}
"""What documents tell people to make."""


def _anchors(document: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", document.read_text(encoding="utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_link_within_the_project_leads_somewhere(document: Path) -> None:
    """To a file or folder, and to a heading in it where one is named."""
    text = FENCE.sub("", (ROOT / document).read_text(encoding="utf-8"))
    lost = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / document.parent / path) if path else ROOT / document
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    """A path in backticks that begins with one of the repository's folders; decisions tell of their day."""
    if document.parent.name == "decisions" or document.name == "CHANGELOG.md":
        return
    names = NAMED.findall((ROOT / document).read_text(encoding="utf-8"))
    assert [name for name in names if not (ROOT / name).exists() and name.rstrip("/") not in MADE] == []


def test_every_document_is_looked_at() -> None:
    """A folder with a new kind of page must be added above."""
    tracked = subprocess.run(["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert set(map(Path, tracked.stdout.split())) <= set(DOCUMENTS)
