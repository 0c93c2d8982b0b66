"""Which host can connect to which on which port, computed from a template: groups, routes and public addresses.

DNS, time, DHCP and instance metadata are not included: no security group filters them.
https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
"""

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

INTERNET = "internet"
_WAYS = {"GatewayId": "internet gateway", "NatGatewayId": "NAT"}
Template = Mapping[str, Any]


class Reach(NamedTuple):
    """`source` can open a connection to `target`; `ports` is like "tcp 443"."""

    source: str
    target: str
    ports: str


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of a group: a protocol, its ports, and the group or block at the other end."""

    protocol: str
    first: int
    last: int
    group: str | None
    block: ipaddress.IPv4Network | None

    def admits(self, host: "Host", internet: bool = False) -> bool:
        """Whether the other end may be this host, or any address of the internet."""
        if internet:
            return self.block is not None and self.block.is_global
        if self.group is not None:
            return self.group in host.groups
        return self.block is not None and any(self.block.overlaps(subnet) for subnet in host.subnets)


@dataclass(frozen=True, kw_only=True)
class Host:
    """A machine or a database: its groups, its subnets' blocks, and its routes to and from the internet."""

    name: str
    groups: frozenset[str]
    subnets: tuple[ipaddress.IPv4Network, ...] = ()
    ways: frozenset[str] = field(default_factory=frozenset)
    public: bool = False

    @property
    def reached_from_internet(self) -> bool:
        """Whether packets from the internet can reach the host's groups."""
        return self.public and "internet gateway" in self.ways

    @property
    def reaches_internet(self) -> bool:
        """Whether the host's packets can reach the internet, if its groups allow it."""
        return "NAT" in self.ways or (self.public and "internet gateway" in self.ways)


def to_table(found: list[Reach]) -> str:
    """Markdown: one row per source, one column per target, ports in the cells."""
    targets = sorted({reach.target for reach in found}, key=lambda name: (name == INTERNET, name))
    sources = sorted({reach.source for reach in found}, key=lambda name: (name != INTERNET, name))
    rows = [["from ↓ to →", *targets], ["---"] * (len(targets) + 1)]
    for source in sources:
        cells = [", ".join(ports for a, b, ports in found if (a, b) == (source, target)) for target in targets]
        rows.append([source, *cells])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def reachability(template: Template) -> list[Reach]:
    """Every possible connection, in order of names.

    Raises:
        ValueError: the template has a kind of rule or route that is not supported here.
    """
    resources = template["Resources"]
    hosts = hosts_of(template)
    into, out = _rules(resources, "Ingress"), _rules(resources, "Egress")
    found = set()
    for target in hosts:
        incoming = [rule for group in target.groups for rule in into.get(group, ())]
        if target.reached_from_internet:
            found |= {Reach(INTERNET, target.name, _said(rule)) for rule in incoming if rule.admits(target, True)}
        for source in hosts:
            leaving = [rule for group in source.groups for rule in out.get(group, ())]
            if source is not target:
                found |= set(_between(source, leaving, target, incoming))
    for source in hosts:
        leaving = [rule for group in source.groups for rule in out.get(group, ())]
        if source.reaches_internet:
            found |= {Reach(source.name, INTERNET, _said(rule)) for rule in leaving if rule.admits(source, True)}
    return sorted(found)


def hosts_of(template: Template) -> list[Host]:
    """The template's machines and databases."""
    return list(_hosts(template["Resources"]))


def _between(source: Host, leaving: list[Rule], target: Host, incoming: list[Rule]) -> Iterator[Reach]:
    """The ports that both ends' groups allow."""
    for egress in (rule for rule in leaving if rule.admits(target)):
        for ingress in (rule for rule in incoming if rule.admits(source)):
            if "-1" not in (egress.protocol, ingress.protocol) and egress.protocol != ingress.protocol:
                continue
            protocol = ingress.protocol if egress.protocol == "-1" else egress.protocol
            first, last = max(egress.first, ingress.first), min(egress.last, ingress.last)
            if first <= last:
                common = Rule(protocol=protocol, first=first, last=last, group=None, block=None)
                yield Reach(source.name, target.name, _said(common))


def _said(rule: Rule) -> str:
    if rule.protocol == "-1":
        return "all"
    return f"{rule.protocol} {rule.first}" if rule.first == rule.last else f"{rule.protocol} {rule.first}-{rule.last}"


def _rules(resources: Template, direction: str) -> dict[str, list[Rule]]:
    """The rules of each group, by its logical id, whether inside the group or separate resources."""
    rules: dict[str, list[Rule]] = {}
    for id, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::EC2::SecurityGroup":
            rules.setdefault(id, []).extend(map(_to_rule, properties.get(f"SecurityGroup{direction}", [])))
        elif resource["Type"] == f"AWS::EC2::SecurityGroup{direction}":
            rules.setdefault(referred(properties["GroupId"]), []).append(_to_rule(properties))
    return rules


def _to_rule(given: Mapping[str, Any]) -> Rule:
    others = {"SourceSecurityGroupId", "DestinationSecurityGroupId"} & set(given)
    block = given.get("CidrIp")
    if not others and block is None:
        raise ValueError(f"a security group's rule that names neither a group nor an IPv4 block: {dict(given)}")
    protocol = str(given["IpProtocol"])
    whole = protocol == "-1"
    return Rule(
        protocol=protocol,
        first=0 if whole else int(given["FromPort"]),
        last=65535 if whole else int(given["ToPort"]),
        group=referred(given[others.pop()]) if others else None,
        block=None if block is None else ipaddress.IPv4Network(block),
    )


def _hosts(resources: Template) -> Iterator[Host]:
    public = {
        referred(resource["Properties"]["InstanceId"])
        for resource in resources.values()
        if resource["Type"] in ("AWS::EC2::EIP", "AWS::EC2::EIPAssociation") and "InstanceId" in resource["Properties"]
    }
    for id, resource in resources.items():
        properties = resource.get("Properties", {})
        if resource["Type"] == "AWS::EC2::Instance":
            yield _host(
                resources,
                tag_of(resource, "Name"),
                properties["SecurityGroupIds"],
                [properties["SubnetId"]],
                id in public,
            )
        elif resource["Type"] == "AWS::RDS::DBInstance":
            group = resources[referred(properties["DBSubnetGroupName"])]["Properties"]
            open_to_all = bool(properties.get("PubliclyAccessible", True))
            name = properties["DBInstanceIdentifier"]
            yield _host(resources, name, properties["VPCSecurityGroups"], group["SubnetIds"], open_to_all)


def _host(resources: Template, name: str, groups: list[Any], subnets: list[Any], public: bool) -> Host:
    ids = [referred(subnet) for subnet in subnets]
    blocks = tuple(ipaddress.IPv4Network(resources[id]["Properties"]["CidrBlock"]) for id in ids)
    given = any(resources[id]["Properties"].get("MapPublicIpOnLaunch") for id in ids)
    return Host(
        name=name,
        groups=frozenset(map(referred, groups)),
        subnets=blocks,
        ways=frozenset(way for id in ids for way in ways_out(resources, id)),
        public=public or given,
    )


def ways_out(resources: Template, subnet: str) -> set[str]:
    """The outgoing routes of the subnet with this logical id: internet gateway, NAT, or none."""
    tables = {
        referred(resource["Properties"]["RouteTableId"])
        for resource in resources.values()
        if resource["Type"] == "AWS::EC2::SubnetRouteTableAssociation"
        and referred(resource["Properties"]["SubnetId"]) == subnet
    }
    ways = set()
    for resource in resources.values():
        if resource["Type"] == "AWS::EC2::Route" and referred(resource["Properties"]["RouteTableId"]) in tables:
            known = [way for name, way in _WAYS.items() if name in resource["Properties"]]
            if not known:
                raise ValueError(f"a route that leads neither to a gateway nor to NAT: {resource['Properties']}")
            ways.update(known)
    return ways


def referred(value: Any) -> str:
    """The logical id to which a Ref or a GetAtt refers."""
    if isinstance(value, dict) and "Ref" in value:
        return str(value["Ref"])
    if isinstance(value, dict) and "Fn::GetAtt" in value:
        return str(value["Fn::GetAtt"][0])
    raise ValueError(f"not a reference to a resource of the template: {value!r}")


def tag_of(resource: Mapping[str, Any], key: str) -> str:
    """The value of one of the resource's tags; raises KeyError if it has no such tag."""
    return {str(tag["Key"]): str(tag["Value"]) for tag in resource["Properties"]["Tags"]}[key]
