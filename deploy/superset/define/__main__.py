"""Write the assets: `python -m define` in deploy/superset, or `make superset-assets`."""

import shutil
from pathlib import Path

from define.assets import to_files

ASSETS = Path(__file__).parents[1] / "assets"

shutil.rmtree(ASSETS, ignore_errors=True)
for name, text in to_files().items():
    file = ASSETS / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
