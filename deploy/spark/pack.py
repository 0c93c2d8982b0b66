"""Pack Python and Tarmac's environment into one archive that runs wherever it is unpacked: `python deploy/spark/pack.py OUT`.

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
    """Write the archive; a Python finds its library beside itself, so no path of this machine is in it."""
    with tempfile.TemporaryDirectory() as folder:
        environment = Path(folder) / "environment"
        _copy_python(environment)
        _install(environment)
        aside = out.with_suffix(".part")
        with tarfile.open(aside, "w:gz", compresslevel=6) as archive:
            for each in sorted(environment.iterdir()):
                archive.add(each, arcname=each.name)
        aside.replace(out)


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
    python = environment / "bin" / "python"
    lock = environment.parent / "requirements.txt"
    export = [
        UV,
        "pip",
        "compile",
        "--quiet",
        "--no-annotate",
        "--no-header",
        "--generate-hashes",
        "--no-emit-index-url",
    ]
    _run(*export, "--constraint", ROOT / "requirements.lock", ROOT / "pyproject.toml", "--output-file", lock)
    _run(UV, "pip", "install", "--quiet", "--python", python, "--break-system-packages", "--require-hashes", "-r", lock)
    # No more than pip's: the build's own tools are in the environment that runs this.
    _run(
        UV,
        "build",
        "--quiet",
        "--wheel",
        "--no-build-isolation",
        "--python",
        sys.executable,
        "--out-dir",
        environment.parent,
        ROOT,
    )
    (wheel,) = environment.parent.glob("tarmac-*.whl")
    _run(UV, "pip", "install", "--quiet", "--python", python, "--break-system-packages", "--no-deps", wheel)


def _run(*command: object) -> None:
    subprocess.run([str(part) for part in command], check=True, cwd=ROOT)


if __name__ == "__main__":
    pack(Path(sys.argv[1]))
