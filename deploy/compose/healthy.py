"""Whether a service is healthy, by what the api-server says: exit code 0 or 1. For the health checks of compose.yaml.

`python -m deploy.compose.healthy [scheduler|dag_processor|triggerer]`; without a name it is the api-server that must answer.
"""

import json
import os
import sys
import urllib.request


def is_healthy(health: dict[str, dict[str, str | None]], name: str) -> bool:
    """Whether the part of that name, or for none the metadata database, is healthy."""
    return health.get(name or "metadatabase", {}).get("status") == "healthy"


def main() -> None:
    """Ask, and end with the answer as exit code."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    # The address at which tasks find it, on the containers' own network.
    address = os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"].removesuffix("/execution/")
    with urllib.request.urlopen(f"{address}/api/v2/monitor/health", timeout=10) as answer:  # noqa: S310
        health = json.load(answer)
    if not is_healthy(health, name):
        sys.stderr.write(f"{name or 'metadatabase'}: {health}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
