"""A run's record as the rows of the closing table: year, step, rows, result, seconds."""

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tarmac.runs.record import Run, StepResult

Row = tuple[str, str, int | None, str, float | None]


def summary_rows(run: "Run") -> list[Row]:
    """One row for each step that is done."""
    words = {"silver": _silver, "gold": _gold, "detect": _detect, "load": _load}
    done = [(name, run.steps[name]) for name in words if name in run.steps]
    return [(str(run.year), name, *words[name](run, step), step.seconds) for name, step in done]


def _silver(run: "Run", _: "StepResult") -> tuple[int | None, str]:
    repaired = sum((run.repairs or {}).values())
    reasons = ", ".join(f"{reason} {rows:,}" for reason, rows in (run.quarantined_by_reason or {}).items())
    quarantined = f"{run.rows_quarantined:,} quarantined" + (f" ({reasons})" if reasons else "")
    return run.rows_kept, f"{run.rows_in:,} flights read, {quarantined}, {repaired:,} repaired"


def _gold(_: "Run", step: "StepResult") -> tuple[int, str]:
    return sum(step.written["gold"].values()), "airport-days"


def _detect(_: "Run", step: "StepResult") -> tuple[int, str]:
    flags = ", ".join(f"{name} {rows:,}" for name, rows in step.flags.items())
    failed = ", ".join(step.failed_detectors)
    return sum(step.written["anomalies"].values()), f"flags: {flags or 'none'}" + (
        f"; failed: {failed}" if failed else ""
    )


def _load(_: "Run", step: "StepResult") -> tuple[int, str]:
    total = Counter(dict.fromkeys(("inserted", "updated", "unchanged", "removed"), 0))
    for counts in step.written.values():
        total.update(counts)
    stored = total["inserted"] + total["updated"] + total["unchanged"]
    if stored == total["unchanged"] and not total["removed"]:
        return stored, f"nothing changed ({stored:,} unchanged)"
    return stored, ", ".join(f"{rows:,} {kind}" for kind, rows in total.items())
