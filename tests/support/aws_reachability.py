"""Which machine may connect to which on AWS: as promised, and as computed from a template."""

from deploy.aws.reachability import reachability

WEB = ("tcp 443", "tcp 80")
PROMISED = {
    ("internet", "nginx"): WEB,
    ("nginx", "airflow"): ("tcp 8080",),
    ("nginx", "superset"): ("tcp 8088",),
    ("bastion-host", "airflow"): ("tcp 22",),
    ("bastion-host", "superset"): ("tcp 22",),
    ("bastion-host", "nginx"): ("tcp 22", *WEB),
    ("bastion-host", "database"): ("tcp 5432",),
    ("airflow", "database"): ("tcp 5432",),
    ("superset", "database"): ("tcp 5432",),
    # nginx's 80 and 443 are open to every address, which includes the other machines.
    ("airflow", "nginx"): WEB,
    ("superset", "nginx"): WEB,
    **{(machine, "internet"): WEB for machine in ("airflow", "superset", "nginx", "bastion-host")},
}
"""All allowed connections; no other one may be possible."""


def reached(template, database: str = "database-ml") -> dict[tuple[str, str], tuple[str, ...]]:
    found: dict[tuple[str, str], list[str]] = {}
    for source, target, ports in reachability(template):
        found.setdefault((source, "database" if target == database else target), []).append(ports)
    return {pair: tuple(ports) for pair, ports in found.items()}
