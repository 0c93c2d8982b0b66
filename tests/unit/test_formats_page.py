"""docs/formats.md lists the shapes that the code has. To write it anew: TARMAC_WRITE_DOCS=1."""

import os
import re
from pathlib import Path

from tarmac.bronze.formats import SHAPES

PAGE = Path(__file__).parents[2] / "docs/formats.md"


def test_the_page_lists_every_shape() -> None:
    """With what it lacks, and where to get it."""
    rows = [f"| `{s.name}` | {s.title} | {s.lacks or 'nothing'} | {s.where} |" for s in SHAPES.values()]
    mark = "<!-- shapes: made by tests/unit/test_formats_page.py -->"
    made = "\n".join(
        (mark, "| taken for | file | lacks | where to get it |", "|---|---|---|---|", *rows, "<!-- end -->")
    )
    page = PAGE.read_text(encoding="utf-8")
    wanted = re.sub(r"<!-- shapes: .*?<!-- end -->", lambda _: made, page, count=1, flags=re.DOTALL)
    if os.environ.get("TARMAC_WRITE_DOCS"):
        PAGE.write_text(wanted, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == wanted, "write the page anew: TARMAC_WRITE_DOCS=1"
