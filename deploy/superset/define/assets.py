"""All assets as the text of their files."""

from typing import Any

import yaml

from define.airports import airports
from define.carriers import carriers
from define.datasets import DATASETS
from define.delays import ENGLISH, SPANISH, delays
from define.disruptions import disruptions
from define.warehouse import DATABASE

_METADATA = {"version": "1.0.0", "type": "assets", "timestamp": "2026-11-22T00:00:00+00:00"}


class _Plain(yaml.SafeDumper):
    """Writes a list or record in full wherever it comes up again, rather than a reference to the first."""

    def ignore_aliases(self, data: Any) -> bool:
        """Always."""
        del data
        return True


def to_files() -> dict[str, str]:
    """Path below deploy/superset/assets → text."""
    dashboards = (delays(ENGLISH), delays(SPANISH), disruptions(), carriers(), airports())
    assets: dict[str, dict[str, Any]] = {"metadata.yaml": _METADATA, "databases/warehouse.yaml": DATABASE}
    assets |= {f"datasets/{dataset.name}.yaml": dataset.to_yaml() for dataset in DATASETS}
    assets |= {chart.file: chart.to_yaml() for dashboard in dashboards for chart in dashboard.charts}
    assets |= {dashboard.file: dashboard.to_yaml() for dashboard in dashboards}
    return {name: _to_text(asset) for name, asset in assets.items()}


def _to_text(asset: dict[str, Any]) -> str:
    text: str = yaml.dump(asset, Dumper=_Plain, allow_unicode=True, width=120)
    return text
