"""A run's record as the rows of the closing table: year, step, rows, what happened, seconds."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tarmac.pipeline import Run

Row = tuple[str, str, int | None, str, float | None]


def summary_rows(run: "Run") -> list[Row]:
    """One row for each step of the run."""
    makers = {"silver": _silver, "gold": _gold, "detect": _detect, "load": _load}
    year = str(run.year)
    return [(year, step, *make(run), run.seconds.get(step)) for step, make in makers.items() if step in run.seconds]


def _silver(run: "Run") -> tuple[int | None, str]:
    mended = sum((run.repairs or {}).values())
    reasons = ", ".join(f"{reason} {rows:,}" for reason, rows in (run.quarantined_by_reason or {}).items())
    aside = f"{run.rows_quarantined:,} quarantined" + (f" ({reasons})" if reasons else "")
    return run.rows_kept, f"{run.rows_in:,} flights read, {aside}, {mended:,} repaired"


def _gold(run: "Run") -> tuple[int | None, str]:
    return _replaced(run, "gold"), "airport-days"


def _detect(run: "Run") -> tuple[int | None, str]:
    flags = ", ".join(f"{name} {rows:,}" for name, rows in run.written["flags"].items())
    failed = ", ".join(run.written["failed_detectors"])
    return _replaced(run, "anomalies"), f"flags: {flags or 'none'}" + (f"; failed: {failed}" if failed else "")


def _load(run: "Run") -> tuple[int | None, str]:
    counts: list[dict[str, Any]] = [c for c in run.written.values() if isinstance(c, dict) and "inserted" in c]
    total = {kind: sum(count[kind] for count in counts) for kind in ("inserted", "updated", "unchanged", "removed")}
    changed = total["inserted"] + total["updated"] + total["removed"]
    words = ", ".join(f"{rows:,} {kind}" for kind, rows in total.items())
    return sum(total.values()) - total[
        "removed"
    ], words if changed else f"nothing changed ({total['unchanged']:,} unchanged)"


def _replaced(run: "Run", table: str) -> int:
    return sum(run.written[table].values())
