"""nginx: the only machine that browsers can reach."""

from collections.abc import Mapping

from aws_cdk import Duration, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_route53 as route53
from constructs import Construct

from deploy.aws.lake.infrastructure import certificate_key
from deploy.aws.machine import House, Machine
from deploy.aws.settings import Settings

INSIDE = "tarmac.internal"
"""Names inside the VPC, so that a replaced machine is found under its old name."""


class Addresses(Construct):
    """The proxy's fixed public address, and the applications' addresses for browsers."""

    def __init__(self, scope: Construct, id: str, *, settings: Settings) -> None:
        super().__init__(scope, id)
        self._cfn_address = ec2.CfnEIP(self, "Address", domain="vpc")
        Tags.of(self._cfn_address).add("Name", "nginx")
        self.address = self._cfn_address.ref
        # Superset's own addresses begin with /superset, so it cannot be served under a path of that name.
        paths = {"airflow": "airflow", "superset": "dashboards"}
        self.of_application = {
            name: f"{name}.{settings.domain}" if settings.domain else f"{self.address}/{path}"
            for name, path in paths.items()
        }

    def give_to(self, machine: Machine) -> None:
        """Assign the address to this machine, and give its scripts the applications' addresses for browsers."""
        ec2.CfnEIPAssociation(
            self,
            "Use",
            allocation_id=self._cfn_address.attr_allocation_id,
            instance_id=machine.instance.instance_id,
        )

    def tell(self, machine: Machine) -> None:
        """Give the machine's scripts the applications' addresses for browsers."""
        machine.tell({f"{name.upper()}_ADDRESS": address for name, address in self.of_application.items()})


class Proxy(Construct):
    """`nginx` in the public layer, and the names by which it finds the applications."""

    def __init__(
        self, scope: Construct, id: str, *, house: House, addresses: Addresses, applications: Mapping[str, Machine]
    ) -> None:
        super().__init__(scope, id)
        self._add_names(house, applications)
        self.machine = Machine(
            self, "Machine", house=house, name="nginx", layer="public", size=house.settings.proxy_size
        )
        self.machine.tell({f"{name.upper()}_HOST": f"{name}.{INSIDE}" for name in applications})
        serve_browsers(self.machine, house, addresses)
        self.machine.finish()

    def _add_names(self, house: House, applications: Mapping[str, Machine]) -> None:
        zone = route53.PrivateHostedZone(self, "Inside", zone_name=INSIDE, vpc=house.network.vpc)
        for name, machine in applications.items():
            route53.ARecord(
                self,
                f"{name}-name",
                zone=zone,
                record_name=name,
                target=route53.RecordTarget.from_ip_addresses(machine.instance.instance_private_ip),
                ttl=Duration.minutes(1),
            )


def serve_browsers(machine: Machine, house: House, addresses: Addresses) -> None:
    """What nginx needs on any machine."""
    addresses.give_to(machine)
    addresses.tell(machine)
    machine.tell({"TARMAC_DOMAIN": house.settings.domain, "FAIL_EMAIL": house.settings.fail_email})
    house.lake.let_fetch(machine.role, certificate_key("airflow"), certificate_key("superset"))
