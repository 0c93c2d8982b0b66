"""The VPC: public, application and database subnets in two zones, and their outgoing routes."""

from aws_cdk import Fn, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct, DependencyGroup, IDependable

from deploy.aws.ending import ending_of
from deploy.aws.settings import Settings

BLOCK = "10.0.0.0/16"
ZONES = 2
LAYERS = {"public": 1, "application": 3, "database": 5}
"""The third number of each layer's first subnet; the second zone has the next one."""


class Network(Construct):
    """Subnets by layer and zone. The database layer's route table has only the VPC."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings) -> None:
        super().__init__(scope, id)
        self._cfn_vpc = ec2.CfnVPC(self, "Vpc", cidr_block=BLOCK, enable_dns_hostnames=True, enable_dns_support=True)
        Tags.of(self._cfn_vpc).add("Name", f"tarmac-{settings.environment}")
        layers = ["public"] if settings.single_machine else list(LAYERS)
        self._subnets = {layer: self._add_layer(layer) for layer in layers}
        self._tables: dict[str, ec2.CfnRouteTable] = {}
        self._route_table_of: dict[str, str] = {}
        self._ways_out = {layer: DependencyGroup() for layer in layers}
        gateway = self._add_internet_gateway()
        if not settings.single_machine:
            self._add_private_routes(settings.nat_gateways, gateway)
        self._add_s3_endpoint()
        self._add_flow_log(settings)
        self.vpc = self._to_vpc()

    def in_first_zone(self, layer: str) -> ec2.SubnetSelection:
        """The layer's subnet in the first zone, where the single machines are."""
        subnets = self.vpc.public_subnets if layer == "public" else self.vpc.private_subnets
        return ec2.SubnetSelection(subnets=[subnets[0]])

    def way_out(self, layer: str) -> IDependable:
        """The resources that must exist before a machine of the layer can reach the internet."""
        return self._ways_out[layer]

    def subnet_ids(self, layer: str) -> list[str]:
        """The layer's subnets, one per zone."""
        return [subnet.ref for subnet in self._subnets[layer]]

    def _route_tables_of(self, layer: str) -> list[str]:
        return [self._route_table_of[subnet] for subnet in self.subnet_ids(layer)]

    def _to_vpc(self) -> ec2.IVpc:
        application = {}
        if "application" in self._subnets:
            application = {
                "private_subnet_ids": self.subnet_ids("application"),
                "private_subnet_route_table_ids": self._route_tables_of("application"),
            }
        return ec2.Vpc.from_vpc_attributes(
            self,
            "Lookup",
            vpc_id=self._cfn_vpc.ref,
            vpc_cidr_block=BLOCK,
            availability_zones=[_zone(number) for number in range(ZONES)],
            public_subnet_ids=self.subnet_ids("public"),
            public_subnet_route_table_ids=self._route_tables_of("public"),
            **application,
        )

    def _add_layer(self, layer: str) -> list[ec2.CfnSubnet]:
        subnets = []
        for zone in range(ZONES):
            subnet = ec2.CfnSubnet(
                self,
                f"{layer.title()}{zone + 1}",
                vpc_id=self._cfn_vpc.ref,
                cidr_block=f"10.0.{LAYERS[layer] + zone}.0/24",
                availability_zone=_zone(zone),
                map_public_ip_on_launch=False,
            )
            Tags.of(subnet).add("Name", f"{layer}-{zone + 1}")
            subnets.append(subnet)
        return subnets

    def _add_internet_gateway(self) -> ec2.CfnVPCGatewayAttachment:
        gateway = ec2.CfnInternetGateway(self, "InternetGateway")
        attachment = ec2.CfnVPCGatewayAttachment(
            self, "InternetGatewayAttachment", vpc_id=self._cfn_vpc.ref, internet_gateway_id=gateway.ref
        )
        table = self._add_table("public-rt", self._subnets["public"])
        route = ec2.CfnRoute(
            self,
            "PublicDefault",
            route_table_id=table.ref,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.ref,
        )
        route.node.add_dependency(attachment)
        self._ways_out["public"].add(route)
        return attachment

    def _add_private_routes(self, nat_gateways: int, attachment: ec2.CfnVPCGatewayAttachment) -> None:
        """One table for both zones with one NAT gateway; with two, one per zone, so that zones are independent."""
        application = self._subnets["application"]
        for number in range(nat_gateways):
            name = "private-rt" if nat_gateways == 1 else f"private-rt-{number + 1}"
            table = self._add_table(name, application if nat_gateways == 1 else [application[number]])
            nat = self._add_nat_gateway(number, attachment)
            route = ec2.CfnRoute(
                self,
                f"PrivateDefault{number + 1}",
                route_table_id=table.ref,
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=nat.ref,
            )
            self._ways_out["application"].add(route)
        self._add_table("database-rt", self._subnets["database"])

    def _add_nat_gateway(self, number: int, attachment: ec2.CfnVPCGatewayAttachment) -> ec2.CfnNatGateway:
        address = ec2.CfnEIP(self, f"NatAddress{number + 1}", domain="vpc")
        Tags.of(address).add("Name", f"nat-{number + 1}")
        address.node.add_dependency(attachment)
        nat = ec2.CfnNatGateway(
            self,
            f"Nat{number + 1}",
            subnet_id=self._subnets["public"][number].ref,
            allocation_id=address.attr_allocation_id,
        )
        Tags.of(nat).add("Name", f"nat-{number + 1}")
        return nat

    def _add_table(self, name: str, subnets: list[ec2.CfnSubnet]) -> ec2.CfnRouteTable:
        base = name.title().replace("-", "")
        table = ec2.CfnRouteTable(self, base, vpc_id=self._cfn_vpc.ref)
        Tags.of(table).add("Name", name)
        for number, subnet in enumerate(subnets, start=1):
            ec2.CfnSubnetRouteTableAssociation(
                self, f"{base}Use{number}", route_table_id=table.ref, subnet_id=subnet.ref
            )
            self._route_table_of[subnet.ref] = table.ref
        self._tables[name] = table
        return table

    def _add_s3_endpoint(self) -> None:
        """Traffic between the machines and S3 goes through neither the NAT gateway nor the internet."""
        ec2.CfnVPCEndpoint(
            self,
            "S3",
            vpc_id=self._cfn_vpc.ref,
            service_name=Fn.sub("com.amazonaws.${AWS::Region}.s3"),
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.ref for name, table in self._tables.items() if name != "database-rt"],
        )

    def _add_flow_log(self, settings: Settings) -> None:
        group = logs.LogGroup(
            self, "FlowLogs", retention=logs.RetentionDays.ONE_MONTH, removal_policy=ending_of(settings)
        )
        role = iam.Role(self, "FlowLogRole", assumed_by=iam.ServicePrincipal("vpc-flow-logs.amazonaws.com"))
        group.grant(role, "logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams")
        ec2.CfnFlowLog(
            self,
            "FlowLog",
            resource_id=self._cfn_vpc.ref,
            resource_type="VPC",
            traffic_type="ALL",
            log_group_name=group.log_group_name,
            deliver_logs_permission_arn=role.role_arn,
        )


def _zone(number: int) -> str:
    return str(Fn.select(number, Fn.get_azs()))
