"""What the message on too many quarantined rows advises."""

from pathlib import Path

import pytest

from tarmac.engines.base import Cleaning, check_rows
from tarmac.errors import InputError


def refused(kept: int, quarantined: dict[str, int], max_quarantined: float = 0.01) -> str:
    """The message on a year with these counts."""
    cleaning = Cleaning(
        silver=Path("silver"),
        quarantine=Path("quarantine"),
        rows_in=kept + sum(quarantined.values()),
        rows_kept=kept,
        quarantined=quarantined,
        repairs={},
        input_hash="",
        notes=(),
    )
    reason = next(iter(quarantined))
    with pytest.raises(InputError) as caught:
        check_rows(
            cleaning,
            max_quarantined=max_quarantined,
            year=2009,
            names="2009.csv",
            cut_off=(),
            first=lambda: ("2009.csv", 2, reason, "row"),
        )
    return str(caught.value)


def test_a_month_loaded_twice_is_asked_for():
    """Half of the rows are duplicates: the likely cause is a second file of the same month."""
    message = refused(kept=500, quarantined={"duplicate": 500})
    assert "Is a month in these files twice? Remove the second file, or allow more with --max-quarantined." in message


def test_other_invalid_rows_are_not_blamed_on_a_second_file():
    """A few duplicates beside them change nothing."""
    message = refused(kept=500, quarantined={"bad_dep_delay": 400, "duplicate": 10})
    assert message.endswith("Fix the file, or allow more with --max-quarantined.")


def test_more_is_not_offered_where_no_row_is_left():
    """Even the largest share would publish an empty year."""
    message = refused(kept=0, quarantined={"bad_dep_delay": 40}, max_quarantined=1.0)
    assert message.endswith("Fix the file.")
    assert "--max-quarantined" not in message
