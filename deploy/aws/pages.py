"""Readable summaries of the templates: the snapshots for review, and the tables and diagrams in docs/aws.md.

python -m deploy.aws.pages FOLDER     writes them from the templates that `make synth` put into FOLDER
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.aws import costs, reachability
from deploy.aws.diagram import to_mermaid
from deploy.aws.settings import ENVIRONMENTS
from deploy.aws.summary import summarize

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOTS = Path(__file__).with_name("snapshots")
PAGE = ROOT / "docs" / "aws.md"


def read_templates(folder: Path) -> dict[str, dict[str, Any]]:
    """The environments' templates from the folder of an assembly."""
    return {
        name: json.loads((folder / f"tarmac-{name}.template.json").read_text(encoding="utf-8")) for name in ENVIRONMENTS
    }


def fill_page(page: str, templates: Mapping[str, dict[str, Any]]) -> str:
    """The page with the text between its `<!-- begin X -->` and `<!-- end X -->` regenerated."""
    blocks = {
        "costs": costs.to_table({name: costs.monthly_costs(template) for name, template in templates.items()}),
        "basis": f"Basis: {costs.BASIS}, {costs.AS_OF}.",
    }
    for name, template in templates.items():
        blocks[f"reachability-{name}"] = reachability.to_table(reachability.reachability(template))
        blocks[f"diagram-{name}"] = f"```mermaid\n{to_mermaid(template)}\n```"
    for name, text in blocks.items():
        marks = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
        page = "".join(_between(marks.split(page, maxsplit=1), text))
    return page


def _between(parts: list[str], text: str) -> list[str]:
    """The page's parts with the text between its marks; only one part if the page has no such marks."""
    if len(parts) == 1:
        return parts
    before, begin, end, after = parts
    return [before, begin, text, "\n", end, after]


def main() -> None:
    """Write snapshots and page."""
    templates = read_templates(Path(sys.argv[1]))
    SNAPSHOTS.mkdir(exist_ok=True)
    for name, template in templates.items():
        (SNAPSHOTS / f"{name}.yaml").write_text(summarize(template), encoding="utf-8")
    PAGE.write_text(fill_page(PAGE.read_text(encoding="utf-8"), templates), encoding="utf-8")


if __name__ == "__main__":
    main()
