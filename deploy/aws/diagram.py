"""A template as a Mermaid diagram: layers of subnets, their hosts, and the allowed connections."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from deploy.aws.reachability import INTERNET, Template, hosts_of, reachability, referred, tag_of, ways_out


def to_mermaid(template: Template) -> str:
    """The text of the diagram. Connections that anyone may open are drawn once; those to the internet are left out."""
    lines = ["flowchart TB", f"  {INTERNET}((internet))", "  subgraph vpc [VPC]"]
    for layer, subnets in _layers(template["Resources"]).items():
        lines += _layer(template, layer, subnets)
    lines.append("  end")
    return "\n".join([*lines, *_connections(template), *_lake(template)])


def _layers(resources: Mapping[str, Any]) -> Mapping[str, list[str]]:
    """The logical ids of each layer's subnets; a layer is a subnet's name without its number."""
    layers: dict[str, list[str]] = defaultdict(list)
    for id, resource in resources.items():
        if resource["Type"] == "AWS::EC2::Subnet":
            layers[tag_of(resource, "Name").rpartition("-")[0]].append(id)
    return layers


def _layer(template: Template, layer: str, subnets: list[str]) -> Iterator[str]:
    resources = template["Resources"]
    blocks = [resources[id]["Properties"]["CidrBlock"] for id in subnets]
    ways = sorted({way for id in subnets for way in ways_out(resources, id)})
    out = f"outgoing via {', '.join(ways)}" if ways else "no outgoing route"
    yield f'    subgraph {layer} ["{layer}: {", ".join(blocks)}; {out}"]'
    for host in hosts_of(template):
        if set(map(str, host.subnets)) & set(blocks):
            yield f"      {host.name}[{host.name}]"
    for resource in resources.values():
        if resource["Type"] == "AWS::EC2::NatGateway" and referred(resource["Properties"]["SubnetId"]) in subnets:
            yield f"      {tag_of(resource, 'Name')}{{{{NAT}}}}"
    yield "    end"


def _connections(template: Template) -> Iterator[str]:
    joined: dict[tuple[str, str], list[str]] = defaultdict(list)
    for source, target, ports in reachability(template):
        joined[source, target].append(ports.removeprefix("tcp "))
    for (source, target), open_to_it in joined.items():
        everybody = target == INTERNET or (source != INTERNET and joined.get((INTERNET, target)) == open_to_it)
        if not everybody:
            yield f"  {source} -->|{', '.join(open_to_it)}| {target}"


def _lake(template: Template) -> Iterator[str]:
    resources = template["Resources"].values()
    if any(resource["Type"] == "AWS::EC2::VPCEndpoint" for resource in resources):
        yield "  lake[(lake on S3)]"
        yield "  vpc -.->|443 by gateway endpoint| lake"
