"""The leaderboard's task: run tarmac.evaluate, and publish its files in the lake."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tarmac.evaluate.request import read_request
from tarmac.evaluate.run import corpora_of, publish, run_evaluation
from tarmac.storage.layout import LEADERBOARD
from tarmac_dags.plan import open_storage

log = logging.getLogger(__name__)


def evaluate(params: Mapping[str, Any], dag_run_id: str) -> list[str]:
    """Evaluate with the params' settings; returns the keys of the leaderboard's files in the lake."""
    request = read_request(
        corpus="simulated",
        split="reporting",
        real=None,
        seeds=params["seeds"],
        shapes=params["shapes"],
        flights=params["flights"],
        airports=params["airports"],
        detectors=",".join(params["detectors"]) if params["detectors"] else None,
    )
    storage = open_storage(dag_run_id)
    lake = storage.open_lake()
    lake.check_exists()
    results, failures = run_evaluation(corpora_of(request, log.info), request.detect, told=log.info)
    folder = Path(storage.scratch)
    publish(results, failures, folder, request.command)
    keys = []
    for file in sorted(folder.glob("leaderboard.*")):
        keys.append(f"{LEADERBOARD}/{file.name}")
        lake.publish(file, keys[-1])
    return keys
