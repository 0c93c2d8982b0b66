"""The database: Postgres in the two subnets without an outgoing route."""

from typing import Any

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_rds as rds
from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from deploy.aws.network.infrastructure import Network
from deploy.aws.settings import Settings
from deploy.aws.warehouse.users import user_secrets

ENGINE = rds.PostgresEngineVersion.VER_18
"""Only the major version: RDS uses its newest minor version, and upgrades it."""


class Warehouse(Construct):
    """The database; RDS and Secrets Manager generate, store and rotate the master user's password."""

    def __init__(
        self, scope: Construct, id: str, *, network: Network, group: ec2.ISecurityGroup, settings: Settings
    ) -> None:
        super().__init__(scope, id)
        self.database = rds.DatabaseInstance(
            self,
            "Database",
            instance_identifier=settings.database,
            engine=rds.DatabaseInstanceEngine.postgres(version=ENGINE),
            instance_type=ec2.InstanceType(settings.database_size.removeprefix("db.")),
            credentials=rds.Credentials.from_username("postgres"),
            manage_master_user_password=True,
            vpc=network.vpc,
            subnet_group=self._subnets(network),
            security_groups=[group],
            publicly_accessible=False,
            multi_az=settings.two_zone_database,
            parameter_group=self._parameters(),
            ca_certificate=rds.CaCertificate.RDS_CA_RSA2048_G1,
            **_storage(settings),
            **_keeping(settings),
        )
        self.users = user_secrets(self, settings)

    @property
    def master(self) -> secrets.ISecret:
        """The secret that RDS creates for the master user."""
        secret = self.database.secret
        if secret is None:
            raise RuntimeError("RDS is not configured to manage the master user's password")
        return secret

    def _subnets(self, network: Network) -> rds.ISubnetGroup:
        group = rds.CfnDBSubnetGroup(
            self,
            "Subnets",
            db_subnet_group_description="The two subnets without a way out",
            subnet_ids=network.subnet_ids("database"),
        )
        return rds.SubnetGroup.from_subnet_group_name(self, "SubnetsByName", group.ref)

    def _parameters(self) -> rds.ParameterGroup:
        return rds.ParameterGroup(
            self,
            "Parameters",
            engine=rds.DatabaseInstanceEngine.postgres(version=ENGINE),
            description="TLS forced, slow statements and connections logged",
            parameters={
                "rds.force_ssl": "1",
                "log_connections": "1",
                "log_min_duration_statement": "5000",
            },
        )


def _storage(settings: Settings) -> dict[str, Any]:
    return {
        "allocated_storage": settings.database_storage,
        "max_allocated_storage": settings.database_storage * 5,
        "storage_type": rds.StorageType.GP3,
        "storage_encrypted": True,
    }


def _keeping(settings: Settings) -> dict[str, Any]:
    return {
        "backup_retention": Duration.days(settings.backup_days),
        "delete_automated_backups": not settings.protected,
        "copy_tags_to_snapshot": True,
        "auto_minor_version_upgrade": True,
        "deletion_protection": settings.protected,
        "removal_policy": RemovalPolicy.SNAPSHOT if settings.protected else RemovalPolicy.DESTROY,
        "cloudwatch_logs_exports": ["postgresql", "upgrade"],
    }
