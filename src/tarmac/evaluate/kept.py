"""Results kept from an evaluation that was stopped: one small file a corpus and detector, used again where nothing changed."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import numpy as np

from tarmac.detect import DetectParameters
from tarmac.evaluate.corpora import Corpus
from tarmac.evaluate.leaderboard import Failure, Metrics, Result
from tarmac.evaluate.metrics import Curve
from tarmac.storage.atomic import whole_files
from tarmac.storage.errors import explained

CURVE = ("precision", "recall", "cut")


def kept_or_made(
    folder: Path | None,
    name: str,
    corpus: Corpus,
    parameters: DetectParameters,
    make: Callable[[], Result | Failure],
) -> Result | Failure:
    """The result kept in `folder`, or a new one, which is then kept. A failure is not kept: it is tried again."""
    if folder is None:
        return make()
    file = folder / f"{_fingerprint(name, corpus, parameters)}.npz"
    if file.exists():
        return _read(file)
    result = make()
    if isinstance(result, Result):
        with explained(str(folder), option="--keep"):
            folder.mkdir(parents=True, exist_ok=True)
        _write(result, file)
    return result


def _fingerprint(name: str, corpus: Corpus, parameters: DetectParameters) -> str:
    """Of everything that decides a result: the days and their truth, the detector's parameters, and the sources."""
    parts = [name, corpus.name, repr({**asdict(parameters), "detectors": name})]
    parts += [str(frame.hash_rows().to_numpy().tobytes()) for frame in (corpus.gold, corpus.labels)]
    root = Path(__file__).parents[1]
    for path in sorted([*(root / "detect").rglob("*.py"), *(root / "evaluate").rglob("*.py")]):
        parts.append(path.read_text(encoding="utf-8"))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _write(result: Result, file: Path) -> None:
    facts = {key: value for key, value in asdict(result).items() if key != "curve"}
    with whole_files(file, option="--keep") as (out,):
        np.savez_compressed(out, facts=json.dumps(facts), **{name: getattr(result.curve, name) for name in CURVE})


def _read(file: Path) -> Result:
    with np.load(file, allow_pickle=False) as kept:
        facts = json.loads(str(kept["facts"]))
        curve = Curve(**{name: kept[name] for name in CURVE})
    return Result(**{**facts, "metrics": Metrics(**facts["metrics"]), "curve": curve})
