"""A machine: its role, its disk, and the script that sets up a plain Ubuntu."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aws_cdk import Stack, Tags
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from deploy.aws.ending import ending_of
from deploy.aws.lake.infrastructure import RELEASE_KEY, Lake
from deploy.aws.network.groups import Groups
from deploy.aws.network.infrastructure import Network
from deploy.aws.settings import Settings
from deploy.aws.spark.infrastructure import Spark
from deploy.aws.warehouse.infrastructure import Warehouse

BOOT = Path(__file__).parent / "machines" / "boot.sh"
AUTHORITY = "/etc/tarmac/public/rds.pem"
"""The file with the certificates with which the machines verify RDS."""
METRICS = "Tarmac"
"""The CloudWatch namespace of the metrics of `machines/report_metrics.py`."""


@dataclass(frozen=True, kw_only=True)
class House:
    """What all machines of an environment share."""

    settings: Settings
    network: Network
    groups: Groups
    lake: Lake
    image: ec2.IMachineImage
    spark: Spark | None


class Machine(Construct):
    """One EC2 instance, named after its role. Its scripts get `values` as /etc/tarmac/machine.env, without secrets."""

    def __init__(
        self, scope: Construct, id: str, *, house: House, name: str, layer: str, size: str, disk: int = 16
    ) -> None:
        super().__init__(scope, id)
        self._house = house
        self.name = name
        self.role = self._make_role()
        self._values: dict[str, str] = {}
        settings = house.settings
        self.instance = ec2.Instance(
            self,
            "Instance",
            instance_name=name,
            vpc=house.network.vpc,
            vpc_subnets=house.network.in_first_zone(layer),
            security_group=house.groups[name.removesuffix("-host")],
            instance_type=ec2.InstanceType(size),
            machine_image=house.image,
            role=self.role,
            key_pair=self._key_pair(settings),
            http_endpoint=True,
            http_tokens=ec2.HttpTokens.REQUIRED,
            # Containers request the role's credentials from one hop further away.
            http_put_response_hop_limit=2 if name in ("airflow", "tarmac") else 1,
            detailed_monitoring=settings.protected,
            disable_api_termination=settings.protected,
            propagate_tags_to_volume_on_creation=True,
            block_devices=[_disk(disk, settings)],
        )
        # It first downloads packages, so it needs the network.
        self.instance.node.add_dependency(house.network.way_out(layer))

    def tell(self, values: Mapping[str, str]) -> None:
        """Add values for the machine's scripts."""
        self._values.update(values)

    def tell_secret(self, variable: str, secret: secrets.ISecret) -> None:
        """Allow the machine to read the secret, and give its scripts the secret's name."""
        secret.grant_read(self.role)
        self.tell({variable: secret.secret_arn})

    def tell_database(self, warehouse: Warehouse, *users: str) -> None:
        """Give the machine's scripts the database's address, its certificates, and these users' secrets."""
        self.tell({"DATABASE_HOST": warehouse.database.db_instance_endpoint_address, "DATABASE_AUTHORITY": AUTHORITY})
        for name in users:
            self.tell_secret(f"SECRET_DATABASE_{name.upper()}", warehouse.users[name])

    def add_address(self) -> ec2.CfnEIP:
        """Give the machine a fixed public address."""
        address = ec2.CfnEIP(self, "Address", domain="vpc", instance_id=self.instance.instance_id)
        Tags.of(address).add("Name", self.name)
        return address

    def finish(self) -> None:
        """Write the user data; it cannot be changed afterwards."""
        settings, stack = self._house.settings, Stack.of(self)
        shared = {
            "TARMAC_MACHINE": self.name,
            "TARMAC_ENVIRONMENT": settings.environment,
            "TARMAC_BUCKET": self._house.lake.bucket.bucket_name,
            "TARMAC_RELEASE_KEY": RELEASE_KEY,
            "AWS_DEFAULT_REGION": stack.region,
        }
        lines = [f"{name}={value}" for name, value in (shared | self._values).items()]
        data = self.instance.user_data
        data.add_commands("install -d -m 0755 /etc/tarmac", "cat >/etc/tarmac/machine.env <<'END'", *lines, "END")
        data.add_commands(*_without_first_line(BOOT.read_text(encoding="utf-8")).splitlines())

    def _make_role(self) -> iam.Role:
        role = iam.Role(
            self, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"), description=f"Tarmac: {self.name}"
        )
        role.add_to_policy(_session_manager())
        role.add_to_policy(_metrics())
        self._house.lake.let_fetch(role, RELEASE_KEY)
        return role

    def _key_pair(self, settings: Settings) -> ec2.IKeyPair | None:
        if not settings.key_pair:
            return None
        return ec2.KeyPair.from_key_pair_name(self, "KeyPair", settings.key_pair)


def add_secrets(scope: Construct, machine: Machine, house: House, application: str) -> None:
    """The first password of the application's `admin`, and the key from which it derives its own keys: both random."""
    settings = house.settings
    for about in ("admin", "keys"):
        secret = secrets.Secret(
            scope,
            f"{application}-{about}",
            secret_name=f"tarmac/{settings.environment}/{application}/{about}",
            generate_secret_string=secrets.SecretStringGenerator(password_length=64, exclude_punctuation=True),
            removal_policy=ending_of(settings),
        )
        machine.tell_secret(f"SECRET_{application.upper()}_{about.upper()}", secret)


def _disk(size: int, settings: Settings) -> ec2.BlockDevice:
    volume = ec2.BlockDeviceVolume.ebs(
        size, encrypted=True, volume_type=ec2.EbsDeviceVolumeType.GP3, delete_on_termination=not settings.protected
    )
    return ec2.BlockDevice(device_name="/dev/sda1", volume=volume)


def _session_manager() -> iam.PolicyStatement:
    """Permissions for sessions and commands; only the first action could be limited to a resource, whose id is not known yet."""
    return iam.PolicyStatement(
        sid="SessionManager",
        actions=[
            "ssm:UpdateInstanceInformation",
            "ssmmessages:CreateControlChannel",
            "ssmmessages:CreateDataChannel",
            "ssmmessages:OpenControlChannel",
            "ssmmessages:OpenDataChannel",
            "ec2messages:AcknowledgeMessage",
            "ec2messages:DeleteMessage",
            "ec2messages:FailMessage",
            "ec2messages:GetEndpoint",
            "ec2messages:GetMessages",
            "ec2messages:SendReply",
        ],
        resources=["*"],
    )


def _metrics() -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid="Metrics",
        actions=["cloudwatch:PutMetricData"],
        resources=["*"],
        conditions={"StringEquals": {"cloudwatch:namespace": METRICS}},
    )


def _without_first_line(script: str) -> str:
    return script.partition("\n")[2]
