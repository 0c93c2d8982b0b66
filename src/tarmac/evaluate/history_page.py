"""What detectors flagged in real years, for people: a section of the leaderboard and the page of documented disruptions. Pure."""

from collections.abc import Sequence

import polars as pl

from tarmac.evaluate.documented import documented_disruptions
from tarmac.evaluate.history import SIZES, History

_SPLITS = {"reporting": "Years not looked at while detectors were tuned", "tuning": "Years looked at while tuning"}

RULES = (
    "An obvious day has half of ten or more flights cancelled, a fifth of fifty or more, or a mean delay of an hour over",
    "fifty or more departures. A near day has 12 to 20 % of a hundred or more flights cancelled. Given is the share of",
    "each kind that a detector's own flags hit; of other days a good detector flags few. A documented disruption is found",
    "where a day of one of its airports, or of its carrier, is flagged.",
)


def history_section(history: History) -> str:
    """The section of the leaderboard: for each split one line per detector, the best recall of obvious days first."""
    parts = ["## Real years as they were", "", *RULES, ""]
    for split, title in _SPLITS.items():
        days = history.days.filter(pl.col("split") == split)
        if days.is_empty():
            continue
        years = days.select("place", "year").unique().sort("place", "year").rows()
        parts += [f"### {title}", "", f"{', '.join(f'{place} {year}' for place, year in years)}.", ""]
        parts += [*_table(*_lines(days, history.disruptions.filter(pl.col("split") == split))), ""]
    return "\n".join(parts)


def history_page(history: History, command: str) -> str:
    """The page: the section, the same figures by airport size, and every covered documented disruption."""
    parts = ["# Real years and documented disruptions", "", f"Made by `{command}`.", "", history_section(history)]
    for split, title in _SPLITS.items():
        days = history.days.filter(pl.col("split") == split)
        if not days.is_empty():
            parts += [f"## By flights on a median day of the airport: {title[0].lower()}{title[1:]}", ""]
            parts += [*_table(*_lines_by_size(days)), ""]
    covered = history.disruptions["name"].n_unique()
    parts += ["## Documented disruptions", ""]
    parts += [
        f"{covered} of the {documented_disruptions().height} documented disruptions are covered by these years.",
        "",
    ]
    return "\n".join([*parts, *_table(*_disruptions(history.disruptions)), ""])


def table_of_history(history: History) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """For a terminal: the section's lines, both splits in one table."""
    header: list[str] = []
    rows: list[tuple[str, ...]] = []
    for split in _SPLITS:
        days = history.days.filter(pl.col("split") == split)
        if not days.is_empty():
            header, lines = _lines(days, history.disruptions.filter(pl.col("split") == split))
            rows += [(split, *line) for line in lines]
    return ("years", *header), rows


def _share(of: str) -> pl.Expr:
    flagged, days = (pl.col(name).filter(pl.col("kind") == of).sum() for name in ("flagged", "days"))
    return (
        pl.when(days > 0)
        .then(pl.format("{} % ({} of {})", (100 * flagged / days).round(1), flagged, days))
        .otherwise(pl.lit(""))
    )


def _recall() -> pl.Expr:
    obvious = pl.col("kind") == "obvious"
    return pl.col("flagged").filter(obvious).sum() / pl.col("days").filter(obvious).sum()


def _lines(days: pl.DataFrame, disruptions: pl.DataFrame) -> tuple[list[str], list[tuple[str, ...]]]:
    found = disruptions.group_by("detector").agg(
        pl.format("{} of {}", pl.col("found").sum(), pl.len()).alias("documented disruptions found")
    )
    lines = days.group_by("detector").agg(
        _share("obvious").alias("obvious days flagged"),
        _share("near").alias("near days flagged"),
        _share("other").alias("other days flagged"),
        _recall().alias("recall"),
    )
    table = lines.join(found, on="detector", how="left").sort(
        "recall", "detector", descending=[True, False], nulls_last=True
    )
    return _cells(table.drop("recall"))


def _lines_by_size(days: pl.DataFrame) -> tuple[list[str], list[tuple[str, ...]]]:
    order = pl.col("size").replace_strict({name: at for at, name in enumerate(SIZES)})
    lines = days.group_by("size", "detector").agg(
        _share("obvious").alias("obvious days flagged"),
        _share("near").alias("near days flagged"),
        _share("other").alias("other days flagged"),
    )
    return _cells(lines.sort(order, "detector").rename({"size": "flights"}))


def _disruptions(found: pl.DataFrame) -> tuple[list[str], list[tuple[str, ...]]]:
    lines = found.group_by("name", "place", "year", maintain_order=True).agg(
        pl.col("units", "flights", "cancelled", "mean_dep_delay").first(),
        pl.col("detector").filter(pl.col("found")).str.join(", ").alias("found by"),
    )
    listed = documented_disruptions().join(lines, on="name", how="inner", maintain_order="left")
    who = pl.concat_list("airports", "carriers").list.join(" ")
    days = (
        pl.when(pl.col("first_day") == pl.col("last_day"))
        .then(pl.col("first_day").cast(pl.String))
        .otherwise(pl.format("{} to {}", "first_day", "last_day"))
    )
    return _cells(
        listed.select(
            "name",
            days.alias("days"),
            who.alias("airports or carriers"),
            pl.format("{} {}", "place", "year").alias("in"),
            "flights",
            "cancelled",
            (100 * pl.col("cancelled") / pl.col("flights")).round(1).alias("cancelled, %"),
            pl.col("mean_dep_delay").round(1).alias("mean delay, minutes"),
            "cause",
            "source",
            pl.col("found by").replace("", "none").alias("found by"),
        )
    )


def _cells(table: pl.DataFrame) -> tuple[list[str], list[tuple[str, ...]]]:
    return table.columns, [tuple("" if cell is None else str(cell) for cell in row) for row in table.rows()]


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [header, ["---"] * len(header), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]
