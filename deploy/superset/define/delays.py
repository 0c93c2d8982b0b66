"""The dashboard that the reference pipeline had, in English and in Spanish."""

from dataclasses import dataclass

from define.charts import HIGH, INK, LOW, Chart, Metric, metric, number, ranking
from define.datasets import DAYS
from define.layout import Dashboard, Filter, Slot


@dataclass(frozen=True, kw_only=True)
class Words:
    """What differs between the languages. `mark` sets the charts' names apart."""

    mark: str
    slug: str
    name: str
    title: str
    about: str
    days: tuple[str, str]
    forest: tuple[str, str]
    arima: tuple[str, str]
    agreement: tuple[str, str]
    by_year: str
    top_delay: str
    top_forest: str
    top_arima: str
    mean: str
    anomalies: str
    mean_note: str
    origin: tuple[str, str]
    year: tuple[str, str]
    agreement_column: str
    agreement_values: tuple[str, str, str]


ENGLISH = Words(
    mark="",
    slug="delays",
    name="US departure delays",
    title="US departure delays",
    about="Airport-days, their mean departure delay, and which of them Isolation Forest and ARIMA call anomalous.",
    days=("Airport-days", "one airport on one day with scheduled flights"),
    forest=("Anomalies by Isolation Forest", "airport-days flagged"),
    arima=("Anomalies by ARIMA", "airport-days flagged"),
    agreement=("Do the two detectors agree?", "Airport-days that at least one of the two flags."),
    by_year="Mean departure delay by year and origin (minutes)",
    top_delay="Ten origins with the longest mean delay (minutes)",
    top_forest="Ten origins with most anomalies by Isolation Forest",
    top_arima="Ten origins with most anomalies by ARIMA",
    mean="Mean delay",
    anomalies="Anomalies",
    mean_note="The mean over days of each day's mean departure delay.",
    origin=("Origin", "Airports of departure, by IATA code."),
    year=("Year", "Years of flights."),
    agreement_column="agreement",
    agreement_values=("Both", "Isolation Forest alone", "ARIMA alone"),
)

SPANISH = Words(
    mark=" (es)",
    slug="retrasos",
    name="US departure delays (es)",
    title="Retrasos de salida en EE. UU.",
    about="Días de aeropuerto, su retraso medio de salida, y cuáles son anómalos según Isolation Forest y ARIMA.",
    days=("Días de aeropuerto", "un aeropuerto en un día con vuelos programados"),
    forest=("Anomalías según Isolation Forest", "días de aeropuerto señalados"),
    arima=("Anomalías según ARIMA", "días de aeropuerto señalados"),
    agreement=("¿Coinciden los dos detectores?", "Días de aeropuerto que señala al menos uno de los dos."),
    by_year="Retraso medio de salida por año y origen (minutos)",
    top_delay="Los diez orígenes con mayor retraso medio (minutos)",
    top_forest="Los diez orígenes con más anomalías según Isolation Forest",
    top_arima="Los diez orígenes con más anomalías según ARIMA",
    mean="Retraso medio",
    anomalies="Anomalías",
    mean_note="La media, por días, del retraso medio de salida de cada día.",
    origin=("Origen", "Aeropuertos de salida, por código IATA."),
    year=("Año", "Años de los vuelos."),
    agreement_column="acuerdo",
    agreement_values=("Ambos", "Solo Isolation Forest", "Solo ARIMA"),
)


_YEAR_SQL = "EXTRACT(YEAR FROM fl_date)::int"


def delays(words: Words) -> Dashboard:
    """The dashboard in that language."""
    return Dashboard(
        name=words.name,
        title=words.title,
        slug=words.slug,
        description=words.about,
        rows=(
            tuple(Slot(chart=chart, width=4, height=20) for chart in _figures(words)),
            tuple(Slot(chart=chart, width=6, height=46) for chart in (_agreement(words), _longest(words))),
            tuple(Slot(chart=chart, width=6, height=46) for chart in _most_anomalous(words)),
            # As wide as the page: real data has a column for each of thirty years.
            (Slot(chart=_by_year(words), width=12, height=60),),
        ),
        filters=(
            Filter(key="airport", title=words.origin[0], column="origin", dataset=DAYS, description=words.origin[1]),
            Filter(
                key="year", title=words.year[0], column="year", dataset=DAYS, description=words.year[1], descending=True
            ),
        ),
        colours={
            words.mean: INK,
            words.anomalies: HIGH,
            **dict(zip(words.agreement_values, (HIGH, INK, LOW), strict=True)),
        },
    )


def _figures(words: Words) -> tuple[Chart, ...]:
    return (
        number(
            f"Airport-days{words.mark}", words.days[0], DAYS, metric(words.days[0], "COUNT(*)"), under=words.days[1]
        ),
        number(
            f"Anomalies by Isolation Forest{words.mark}",
            words.forest[0],
            DAYS,
            metric(words.anomalies, "COALESCE(SUM(anomaly_if), 0)"),
            under=words.forest[1],
        ),
        number(
            f"Anomalies by ARIMA{words.mark}",
            words.arima[0],
            DAYS,
            metric(words.anomalies, "COALESCE(SUM(anomaly_arima), 0)"),
            under=words.arima[1],
        ),
    )


def _agreement(words: Words) -> Chart:
    params = {
        "groupby": [words.agreement_column],
        "metric": metric(words.days[0], "COUNT(*)"),
        "sort_by_metric": True,
        "row_limit": 10,
        "color_scheme": "supersetColors",
        "donut": True,
        "innerRadius": 38,
        "outerRadius": 58,
        "show_labels": True,
        "show_total": True,
        "label_type": "value",
        "labels_outside": True,
        "label_line": True,
        "show_labels_threshold": 0,
        "number_format": ",d",
        "show_legend": True,
        "legendType": "plain",
        "legendOrientation": "bottom",
    }
    return Chart(
        name=f"Agreement of the two detectors{words.mark}",
        title=words.agreement[0],
        description=words.agreement[1],
        kind="pie",
        dataset=DAYS,
        params=params,
        where=("anomaly_if = 1 OR anomaly_arima = 1",),
    )


def _mean(words: Words) -> Metric:
    return metric(words.mean, "AVG(mean_dep_delay)")


def _by_year(words: Words) -> Chart:
    value = _mean(words)
    params = {
        "groupbyRows": [{"expressionType": "SQL", "sqlExpression": "origin", "label": words.origin[0]}],
        "groupbyColumns": [{"expressionType": "SQL", "sqlExpression": _YEAR_SQL, "label": words.year[0]}],
        "metrics": [value],
        "metricsLayout": "COLUMNS",
        "aggregateFunction": "Average",
        "valueFormat": ",.1f",
        "rowOrder": "key_a_to_z",
        "colOrder": "key_a_to_z",
        "row_limit": 10_000,
        "time_range": "No filter",
        "conditional_formatting": [{"column": value["label"], "operator": "None", "colorScheme": INK}],
    }
    return Chart(
        name=f"Mean departure delay by year and origin{words.mark}",
        title=words.by_year,
        description=words.mean_note,
        kind="pivot_table_v2",
        dataset=DAYS,
        params=params,
    )


def _longest(words: Words) -> Chart:
    return ranking(
        f"Ten origins with the longest mean delay{words.mark}",
        words.top_delay,
        DAYS,
        _mean(words),
        form=",.1f",
        colour=INK,
        description=words.mean_note,
    )


def _most_anomalous(words: Words) -> tuple[Chart, Chart]:
    def most(name: str, title: str, flag: str) -> Chart:
        value = metric(words.anomalies, f"COALESCE(SUM({flag}), 0)")
        return ranking(f"{name}{words.mark}", title, DAYS, value, form=",d", colour=HIGH)

    return (
        most("Ten origins with most anomalies by Isolation Forest", words.top_forest, "anomaly_if"),
        most("Ten origins with most anomalies by ARIMA", words.top_arima, "anomaly_arima"),
    )
