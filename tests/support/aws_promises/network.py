"""The VPC, its subnets, and their outgoing routes: one row per promise, checked on the templates."""

from deploy.aws.reachability import ways_out
from tests.support.aws_template import Promise, Template, tags


def subnets(template: Template) -> dict[str, str]:
    return {tags(one)["Name"]: one["CidrBlock"] for one in template.all("EC2::Subnet").values()}


def table_of(template: Template, name: str) -> str:
    """The name of the route table that the subnet of this name uses."""
    [subnet] = [id for id, one in template.all("EC2::Subnet").items() if tags(one)["Name"] == name]
    uses = template.all("EC2::SubnetRouteTableAssociation").values()
    [use] = [use for use in uses if use["SubnetId"]["Ref"] == subnet]
    return tags(template.behind(use["RouteTableId"]))["Name"]


def way_out_of(template: Template, layer: str) -> list[str]:
    ids = [id for id, one in template.all("EC2::Subnet").items() if tags(one)["Name"].startswith(layer)]
    return sorted({way for id in ids for way in ways_out(template.resources, id)} or {"none"})


def nat_gateway_of(template: Template, table: str) -> str:
    routes = template.all("EC2::Route").values()
    [route] = [one for one in routes if tags(template.behind(one["RouteTableId"]))["Name"] == table]
    nat = template.behind(route["NatGatewayId"])
    return tags(template.behind(nat["SubnetId"]))["Name"]


def endpoint_tables(template: Template) -> list[str]:
    return sorted(tags(template.behind(table))["Name"] for table in template.only("EC2::VPCEndpoint")["RouteTableIds"])


def addresses(template: Template) -> list[str]:
    return sorted(tags(one)["Name"] for one in template.all("EC2::EIP").values())


NETWORK: list[Promise] = [
    ("the VPC is 10.0.0.0/16", "lab prod min", lambda t: t.only("EC2::VPC")["CidrBlock"], "10.0.0.0/16"),
    (
        "six subnets",
        "lab prod",
        subnets,
        {
            "public-1": "10.0.1.0/24",
            "public-2": "10.0.2.0/24",
            "application-1": "10.0.3.0/24",
            "application-2": "10.0.4.0/24",
            "database-1": "10.0.5.0/24",
            "database-2": "10.0.6.0/24",
        },
    ),
    ("two subnets", "min", subnets, {"public-1": "10.0.1.0/24", "public-2": "10.0.2.0/24"}),
    (
        "two zones, one subnet of each layer in each",
        "lab prod",
        lambda t: {
            tags(one)["Name"]: one["AvailabilityZone"]["Fn::Select"][0] for one in t.all("EC2::Subnet").values()
        },
        {f"{layer}-{zone + 1}": zone for layer in ("public", "application", "database") for zone in (0, 1)},
    ),
    (
        "no subnet gives out public addresses by itself",
        "lab prod min",
        lambda t: {one["MapPublicIpOnLaunch"] for one in t.all("EC2::Subnet").values()},
        {False},
    ),
    ("route tables of lab", "lab", lambda t: t.names("EC2::RouteTable"), ["database-rt", "private-rt", "public-rt"]),
    (
        "route tables of prod",
        "prod",
        lambda t: t.names("EC2::RouteTable"),
        ["database-rt", "private-rt-1", "private-rt-2", "public-rt"],
    ),
    (
        "both public subnets use public-rt",
        "lab prod",
        lambda t: {table_of(t, f"public-{n}") for n in (1, 2)},
        {"public-rt"},
    ),
    (
        "both application subnets of lab use private-rt",
        "lab",
        lambda t: {table_of(t, f"application-{n}") for n in (1, 2)},
        {"private-rt"},
    ),
    ("one NAT gateway", "lab", lambda t: t.names("EC2::NatGateway"), ["nat-1"]),
    ("it stands in a public subnet", "lab", lambda t: nat_gateway_of(t, "private-rt"), "public-1"),
    ("two NAT gateways", "prod", lambda t: t.names("EC2::NatGateway"), ["nat-1", "nat-2"]),
    (
        "each zone of prod leaves by the NAT gateway of its own zone",
        "prod",
        lambda t: [(table_of(t, f"application-{n}"), nat_gateway_of(t, f"private-rt-{n}")) for n in (1, 2)],
        [("private-rt-1", "public-1"), ("private-rt-2", "public-2")],
    ),
    ("no NAT gateway", "min", lambda t: t.all("EC2::NatGateway"), {}),
    (
        "the public layer leaves by the internet gateway",
        "lab prod min",
        lambda t: way_out_of(t, "public"),
        ["internet gateway"],
    ),
    ("the application layer leaves by NAT alone", "lab prod", lambda t: way_out_of(t, "application"), ["NAT"]),
    ("the database layer has no way out", "lab prod", lambda t: way_out_of(t, "database"), ["none"]),
    (
        "S3 by a gateway endpoint",
        "lab prod min",
        lambda t: (t.only("EC2::VPCEndpoint")["VpcEndpointType"], t.only("EC2::VPCEndpoint")["ServiceName"]),
        ("Gateway", {"Fn::Sub": "com.amazonaws.${AWS::Region}.s3"}),
    ),
    ("in lab's tables", "lab", endpoint_tables, ["private-rt", "public-rt"]),
    ("in prod's tables", "prod", endpoint_tables, ["private-rt-1", "private-rt-2", "public-rt"]),
    (
        "flow logs of all traffic of the VPC, kept a month",
        "lab prod min",
        lambda t: (
            t.only("EC2::FlowLog")["TrafficType"],
            t.only("EC2::FlowLog")["ResourceType"],
            t.behind(t.only("EC2::FlowLog")["LogGroupName"])["RetentionInDays"],
        ),
        ("ALL", "VPC", 30),
    ),
    ("addresses that stay", "lab", addresses, ["bastion-host", "nat-1", "nginx"]),
    ("addresses that stay, of two NAT gateways", "prod", addresses, ["bastion-host", "nat-1", "nat-2", "nginx"]),
    ("one address that stays", "min", addresses, ["nginx"]),
    (
        "nginx's address is nginx's",
        "lab prod",
        lambda t: tags(t.behind({"Ref": t.only("EC2::EIPAssociation")["InstanceId"]["Ref"]}))["Name"],
        "nginx",
    ),
]
