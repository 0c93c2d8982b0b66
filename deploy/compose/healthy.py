"""Ask the api-server whether a service is healthy: exit code 0 or 1. For the health checks in compose.yaml.

`python -m deploy.compose.healthy [scheduler|dag_processor|triggerer]`; without a name it is the api-server that must answer.
"""

import json
import os
import sys
import urllib.request


def is_healthy(health: dict[str, dict[str, str | None]], name: str) -> bool:
    """Whether the service of that name is healthy; without a name, the metadata database."""
    return health.get(name or "metadatabase", {}).get("status") == "healthy"


def main() -> None:
    """Ask the api-server, and exit with 0 if healthy, else 1."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    # The address that tasks use, on the containers' network.
    address = os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"].removesuffix("/execution/")
    with urllib.request.urlopen(f"{address}/api/v2/monitor/health", timeout=10) as answer:  # noqa: S310
        health = json.load(answer)
    if not is_healthy(health, name):
        sys.stderr.write(f"{name or 'metadatabase'}: {health}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
