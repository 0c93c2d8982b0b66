"""Which machine may connect to which: one table, from which both ends' security groups are made."""

from collections.abc import Iterable
from dataclasses import dataclass

from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from deploy.aws.settings import Settings

ANYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class Connection:
    """`source` may open TCP connections to `target`'s `port`; each is a group's name or an IPv4 block."""

    source: str
    target: str
    port: int
    why: str


def connections(settings: Settings) -> list[Connection]:
    """Every connection of the environment. DNS, time and instance metadata need none: no group filters them."""
    if settings.single_machine:
        return [*_into(settings, "tarmac", "tarmac"), *_packages("tarmac")]
    machines = ["nginx", "airflow", "superset"]
    rules = [
        *_into(settings, "bastion" if settings.bastion else "", "nginx"),
        Connection(source="nginx", target="airflow", port=8080, why="Airflow"),
        Connection(source="nginx", target="superset", port=8088, why="Superset"),
        Connection(source="airflow", target="database", port=5432, why="results"),
        Connection(source="superset", target="database", port=5432, why="dashboards"),
    ]
    if settings.bastion:
        rules += [Connection(source="bastion", target=name, port=22, why="administration") for name in machines]
        rules.append(Connection(source="bastion", target="database", port=5432, why="administration"))
        machines.append("bastion")
    return rules + [rule for name in machines for rule in _packages(name)]


def _into(settings: Settings, bastion: str, proxy: str) -> Iterable[Connection]:
    if bastion:
        for block in settings.ssh_from:
            yield Connection(source=block, target=bastion, port=22, why="administration, setting ssh_from")
    yield Connection(source=ANYWHERE, target=proxy, port=80, why="sent on to HTTPS; certificates")
    yield Connection(source=ANYWHERE, target=proxy, port=443, why="people")


def _packages(name: str) -> Iterable[Connection]:
    yield Connection(source=name, target=ANYWHERE, port=443, why="AWS, packages, images")
    yield Connection(source=name, target=ANYWHERE, port=80, why="Ubuntu's packages, which are signed")


class Groups(Construct):
    """A security group for each name in the table, with exactly its rules."""

    def __init__(self, scope: Construct, id: str, *, vpc: ec2.IVpc, settings: Settings) -> None:
        super().__init__(scope, id)
        table = connections(settings)
        names = sorted({name for rule in table for name in (rule.source, rule.target) if "/" not in name})
        self._groups = {
            name: ec2.SecurityGroup(self, name, vpc=vpc, description=f"Tarmac: {name}", allow_all_outbound=False)
            for name in names
        }
        for rule in table:
            self._add(rule)

    def __getitem__(self, name: str) -> ec2.SecurityGroup:
        """The group of that name."""
        return self._groups[name]

    def _add(self, rule: Connection) -> None:
        port = ec2.Port.tcp(rule.port)
        if rule.target in self._groups:
            source = self._groups.get(rule.source) or ec2.Peer.ipv4(rule.source)
            self._groups[rule.target].add_ingress_rule(source, port, rule.why)
        if rule.source in self._groups:
            target = self._groups.get(rule.target) or ec2.Peer.ipv4(rule.target)
            self._groups[rule.source].add_egress_rule(target, port, rule.why)
