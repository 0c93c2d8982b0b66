"""The environments' templates, synthesized once: as they are, and as context asks."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.aws_template import Template

ROOT = Path(__file__).resolve().parents[2]

ASKED = (
    "environment=lab",
    "ssh_from=0.0.0.0/0",
    "fail_email=ops@example.com",
    "domain=tarmac.example.com",
    "key_pair=ops",
    "spark=true",
)
"""A lab in which everything that is off by default is on."""

UNACKNOWLEDGED = """
import sys
from deploy.aws import app
from deploy.aws import acknowledged, stack
known = lambda of, settings: [
    (finding.rule, f"{of.stack_name}/{path}") for finding in acknowledged.findings(settings) for path in finding.paths
    if acknowledged._find(of, path) is not None
]
stack.acknowledge = lambda of, settings: [print(rule, path) for rule, path in known(of, settings)]
app.main(sys.argv[1:])
"""
"""Synthesis that acknowledges nothing, and prints what would have been acknowledged where."""


@dataclass(frozen=True)
class Synthesis:
    """One run of the app: its folder, its exit code, and what it said."""

    folder: Path
    code: int
    said: str
    printed: str

    def template(self, environment: str) -> Template:
        return Template.read(self.folder, environment)


@contextmanager
def _started(folder: Path, arguments: list[str], seed: int) -> Iterator["subprocess.Popen[str]"]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "CDK_"))}
    environment |= {"CDK_OUTDIR": str(folder), "PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, *arguments],
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


def synthesize(folder: Path, arguments: list[str], seed: int) -> Synthesis:
    with _started(folder, arguments, seed) as process:
        printed, said = process.communicate(timeout=600)
        return Synthesis(folder, process.returncode, said, printed)


APP = ("-m", "deploy.aws.app")
RUNS = {
    "synthesis": ([*APP], 0),
    "unacknowledged": (["-c", UNACKNOWLEDGED], 4711),
    "spark": (["-c", UNACKNOWLEDGED, "-c", "spark=true"], 0),
    "asked": ([*APP, *(word for pair in ASKED for word in ("-c", pair))], 0),
    "without-bastion": ([*APP, "-c", "environment=prod", "-c", "bastion=false"], 0),
}
"""Arguments and the seed of hashing."""


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, "Future[Synthesis]"]]:
    """Two at a time, for two cores: each is ten seconds of one process."""
    pool = ThreadPoolExecutor(max_workers=2)
    yield {name: pool.submit(synthesize, tmp_path_factory.mktemp(name), *run) for name, run in RUNS.items()}
    pool.shutdown(cancel_futures=True)


@pytest.fixture(scope="session")
def synthesis(runs) -> Synthesis:
    """`make synth`: all environments."""
    return runs["synthesis"].result()


@pytest.fixture(scope="session")
def unacknowledged(runs) -> Synthesis:
    return runs["unacknowledged"].result()


@pytest.fixture(scope="session")
def with_spark(runs) -> Synthesis:
    """All environments with spark=true, and with nothing acknowledged."""
    return runs["spark"].result()


@pytest.fixture(scope="session")
def asked_for(runs) -> Synthesis:
    return runs["asked"].result()


@pytest.fixture(scope="session")
def without_bastion(runs) -> Synthesis:
    return runs["without-bastion"].result()


@pytest.fixture(scope="session")
def templates(synthesis: Synthesis) -> Mapping[str, Template]:
    assert synthesis.code == 0, synthesis.said
    return {environment: synthesis.template(environment) for environment in ("lab", "prod", "min")}


@pytest.fixture(scope="session")
def aws_page() -> str:
    return (ROOT / "docs" / "aws.md").read_text(encoding="utf-8")
