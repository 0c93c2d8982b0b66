"""The stack of an environment, with all its parts."""

from aws_cdk import CfnOutput, DefaultStackSynthesizer, Stack, Tags
from aws_cdk import aws_ec2 as ec2
from constructs import Construct

from deploy.aws.acknowledged import acknowledge
from deploy.aws.airflow.infrastructure import Airflow
from deploy.aws.bastion.infrastructure import Bastion
from deploy.aws.lake.infrastructure import RELEASE_KEY, Lake
from deploy.aws.machine import House, Machine
from deploy.aws.monitoring.infrastructure import Monitoring
from deploy.aws.network.groups import Groups
from deploy.aws.network.infrastructure import Network
from deploy.aws.proxy.infrastructure import Addresses, Proxy
from deploy.aws.settings import Settings
from deploy.aws.spark.infrastructure import Spark
from deploy.aws.superset.infrastructure import Superset
from deploy.aws.trial.infrastructure import Trial
from deploy.aws.warehouse.infrastructure import Warehouse


class TarmacStack(Stack):
    """One environment, for any account and region."""

    def __init__(self, scope: Construct, settings: Settings) -> None:
        name = f"tarmac-{settings.environment}"
        super().__init__(
            scope,
            name,
            description="Tarmac: on which days was a US airport abnormal, how badly, and why?",
            termination_protection=settings.protected,
            # Deployed by CloudFormation alone: the account does not need the CDK's bootstrap.
            synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False),
        )
        network = Network(self, "Network", settings=settings)
        lake = Lake(self, "Lake", settings=settings)
        self._house = House(
            settings=settings,
            network=network,
            groups=Groups(self, "Groups", vpc=network.vpc, settings=settings),
            lake=lake,
            image=ec2.MachineImage.from_ssm_parameter(settings.image_parameter, os=ec2.OperatingSystemType.LINUX),
            spark=Spark(self, "Spark", lake=lake, environment=settings.environment) if settings.spark else None,
        )
        self._monitoring = Monitoring(self, "Monitoring", settings=settings)
        addresses = Addresses(self, "Addresses", settings=settings)
        add = self._add_one_machine if settings.single_machine else self._add_machines
        machines = add(addresses)
        self._monitoring.watch_machines(machines)
        self._monitoring.watch_runs()
        CfnOutput(self, "Address", value=addresses.address)
        CfnOutput(self, "Release", value=self._house.lake.bucket.s3_url_for_object(RELEASE_KEY))
        Tags.of(self).add("project", "tarmac")
        Tags.of(self).add("environment", name)
        acknowledge(self, settings)

    def _add_machines(self, addresses: Addresses) -> list[Machine]:
        house = self._house
        warehouse = Warehouse(
            self, "Warehouse", network=house.network, group=house.groups["database"], settings=house.settings
        )
        self._monitoring.watch_database(warehouse.database)
        airflow = Airflow(self, "Airflow", house=house, addresses=addresses, warehouse=warehouse).machine
        superset = Superset(self, "Superset", house=house, addresses=addresses, warehouse=warehouse).machine
        applications = {"airflow": airflow, "superset": superset}
        proxy = Proxy(self, "Proxy", house=house, addresses=addresses, applications=applications)
        if not house.settings.bastion:
            return [airflow, superset, proxy.machine]
        bastion = Bastion(self, "Bastion", house=house)
        CfnOutput(self, "BastionAddress", value=bastion.address.ref)
        return [airflow, superset, proxy.machine, bastion.machine]

    def _add_one_machine(self, addresses: Addresses) -> list[Machine]:
        return [Trial(self, "Trial", house=self._house, addresses=addresses).machine]
