"""What the package says of itself: its dependencies are those it uses, and its version is stated once."""

import ast
import re
import subprocess
import sys
import tarfile
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import tarmac
from tests.support.machine import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BROUGHT_BY = {
    "botocore": "boto3",
    "llvmlite": "numba",
    "pandas": "statsmodels",
    "py4j": "pyspark",
    "pydantic": "pydantic-settings",
    "s3transfer": "boto3",
}
"""Packages that are the inside of a dependency, and that dependency."""


def _declared() -> set[str]:
    lines = [*PROJECT["dependencies"], *(line for extra in PROJECT["optional-dependencies"].values() for line in extra)]
    return {re.split(r"[\[<>=]", line)[0] for line in lines}


def _imported() -> set[str]:
    """Distributions that a module of the package imports, at its top or in a function, or names for a later import."""
    distributions = packages_distributions()
    found = set()
    for file in (ROOT / "src/tarmac").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                names = [node.value] if node.value.startswith("statsmodels") else []
            else:
                continue
            tops = {name.partition(".")[0] for name in names} - {"tarmac", *sys.stdlib_module_names}
            found |= {distributions[top][0].lower() for top in tops if top in distributions}
    return {BROUGHT_BY.get(name, name) for name in found}


def test_every_dependency_is_imported_and_every_import_is_a_dependency() -> None:
    """Tests and benchmarks have a group of their own."""
    drawn_from_files = {"plotly"}  # the report reads the package's JavaScript
    assert _imported() - _declared() == set()
    assert _declared() - _imported() - drawn_from_files == set()


def test_the_source_archive_holds_the_package_and_its_documents_alone(tmp_path: Path) -> None:
    """Tests, deployments and benchmarks need the repository."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", tmp_path]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        held = {name.partition("/")[2] for name in opened.getnames()}
    modules = {str(file.relative_to(ROOT)) for file in (ROOT / "src/tarmac").rglob("*.py")}
    assert modules <= held
    others = {name for name in held if not name.startswith("src/tarmac/")}
    assert others == {".gitignore", "CHANGELOG.md", "LICENSE", "PKG-INFO", "README.md", "pyproject.toml"}
    assert archive.name == f"tarmac-{tarmac.__version__}.tar.gz"
