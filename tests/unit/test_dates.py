"""Which form the dates of a file have."""

import pytest

from tarmac.bronze.dates import DAY_FIRST, ISO, MONTH_FIRST, YEAR_FIRST, Written, form_of
from tarmac.errors import InputError


def _form(*texts: str) -> str:
    return form_of([Written(text=text) for text in texts], file="2009.csv")


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (("2009-01-01",), ISO),
        (("2009-01-01", "NA", "5", "1e3"), YEAR_FIRST),
        (("NA", "20090101", "x"), YEAR_FIRST),
        (("NA", "12/31/2009", "x", "inf"), MONTH_FIRST),
        (("31-12-2009", "NA", "x"), DAY_FIRST),
        (("2009-01-01", "12/31/2009", "12/30/2009"), MONTH_FIRST),
    ],
)
def test_texts_that_are_no_dates_decide_nothing(texts: tuple[str, ...], form: str) -> None:
    """They are invalid rows of the file, be they most of it."""
    assert _form(*texts) == form


def test_a_column_without_any_known_date_is_refused_with_an_example() -> None:
    with pytest.raises(InputError, match=r"dates are like '1-JAN-2009'.*Forms: 2009-12-31"):
        _form("1-JAN-2009", "NA")
