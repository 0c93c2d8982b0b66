"""The settings of an environment: sizes, protection, and access. Each field is also a context value: `-c bucket=…`."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

UBUNTU_IMAGE = "/aws/service/canonical/ubuntu/server/24.04/stable/{serial}/amd64/hvm/ebs-gp3/ami-id"
"""Canonical's SSM parameter of the LTS release 24.04."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_INSTANCE = re.compile(r"[a-z][a-z0-9-]*\.[a-z0-9]+")
_DATABASE = re.compile(r"db\.[a-z][a-z0-9-]*\.[a-z0-9]+")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PATTERNS = {
    "bucket": (_BUCKET, "3 to 63 small letters, digits and hyphens"),
    "database": (re.compile(r"[a-z](-?[a-z0-9]){0,62}"), "up to 63 small letters, digits and single hyphens"),
    "bastion_size": (_INSTANCE, "an EC2 type like t2.micro"),
    "proxy_size": (_INSTANCE, "an EC2 type like t2.micro"),
    "airflow_size": (_INSTANCE, "an EC2 type like r5.large"),
    "superset_size": (_INSTANCE, "an EC2 type like t3.large"),
    "database_size": (_DATABASE, "an RDS class like db.t3.micro"),
    "fail_email": (_EMAIL, "an address like ops@example.com"),
    "ubuntu_serial": (re.compile(r"current|[0-9]{8}(\.[0-9]+)?"), "current, or a day like 20261015"),
    "domain": (re.compile(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}"), "a name like tarmac.example.com"),
    "key_pair": (re.compile(r"[\w .-]{1,255}"), "the name of an EC2 key pair"),
}
_OPTIONAL = ("fail_email", "domain", "key_pair")


class SettingsError(ValueError):
    """A setting is not allowed; the message is for the user."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One environment.

    Units: disks and `database_storage` GiB, `backup_days` days, `budget` US dollars a month.
    """

    environment: str
    bucket: str = "airflow-ml-datalake"
    database: str = "database-ml"
    fail_email: str = ""
    domain: str = ""
    ssh_from: tuple[str, ...] = ()
    key_pair: str = ""
    bastion: bool = True
    bastion_size: str = "t2.micro"
    proxy_size: str = "t2.micro"
    airflow_size: str = "r5.large"
    superset_size: str = "t3.large"
    airflow_disk: int = 60
    superset_disk: int = 30
    database_size: str = "db.t3.micro"
    database_storage: int = 20
    backup_days: int = 7
    nat_gateways: int = 1
    two_zone_database: bool = False
    protected: bool = False
    single_machine: bool = False
    spark: bool = False
    budget: int = 300
    ubuntu_serial: str = "current"

    def __post_init__(self) -> None:
        """Reject what AWS would reject an hour later, or what would open more than intended."""
        for name, (pattern, wanted) in _PATTERNS.items():
            value = getattr(self, name)
            if not pattern.fullmatch(value) and not (name in _OPTIONAL and not value):
                raise SettingsError(f"{name} = {value!r} is not {wanted}. Fix it with: -c {name}=…")
        for name, low, high in (
            ("nat_gateways", 1, 2),
            ("backup_days", 1, 35),
            ("database_storage", 20, 65536),
            ("airflow_disk", 20, 16384),
            ("superset_disk", 20, 16384),
            ("budget", 1, 1_000_000),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise SettingsError(f"{name} = {value} is not from {low} to {high}. Fix it with: -c {name}=…")
        for block in self.ssh_from:
            _check_block(block)

    @property
    def image_parameter(self) -> str:
        """The SSM parameter that holds the machine image's id."""
        return UBUNTU_IMAGE.format(serial=self.ubuntu_serial)


def _check_block(block: str) -> None:
    try:
        network = ipaddress.IPv4Network(block)
    except ValueError as error:
        raise SettingsError(
            f"ssh_from = {block!r} is no IPv4 block: {error}. Write one like 203.0.113.7/32, several with commas."
        ) from None
    if str(network) != block:
        raise SettingsError(f"ssh_from = {block!r} is {network} in full. Write it so if that is meant.")


ENVIRONMENTS = {
    "lab": Settings(environment="lab"),
    "prod": Settings(
        environment="prod",
        bucket="airflow-ml-datalake-prod",
        database="database-ml-prod",
        database_size="db.t3.medium",
        database_storage=100,
        backup_days=30,
        nat_gateways=2,
        two_zone_database=True,
        protected=True,
        budget=700,
    ),
    "min": Settings(
        environment="min",
        bucket="airflow-ml-datalake-min",
        airflow_size="t3.xlarge",
        airflow_disk=80,
        bastion=False,
        single_machine=True,
        budget=180,
    ),
}
"""lab is small, like the reference system; prod is protected; min is one machine for a trial."""


def to_settings(environment: str, given: Mapping[str, Any]) -> Settings:
    """The environment's settings, overridden by these context values.

    Raises:
        SettingsError: the environment is unknown, or a value is not allowed.
    """
    if environment not in ENVIRONMENTS:
        raise SettingsError(
            f"environment {environment!r} is unknown. Known: {', '.join(ENVIRONMENTS)}. Choose with: -c environment=lab"
        )
    base = ENVIRONMENTS[environment]
    return replace(base, **{name: _convert(name, getattr(base, name), value) for name, value in given.items()})


def setting_names() -> list[str]:
    """The names that context may set, besides the environment itself."""
    return [field.name for field in fields(Settings) if field.name != "environment"]


def _convert(name: str, default: Any, value: Any) -> Any:
    """Context from the command line is text; a cdk.json may have other types."""
    if isinstance(value, list) and isinstance(default, tuple):
        return tuple(value)
    if not isinstance(value, str) or isinstance(default, str):
        if type(value) is type(default):
            return value
        raise SettingsError(f"{name} = {value!r} is of the type {type(value).__name__}, not {type(default).__name__}.")
    if isinstance(default, bool):
        if value not in ("true", "false"):
            raise SettingsError(f"{name} = {value!r} is neither true nor false.")
        return value == "true"
    if isinstance(default, int):
        if not value.isascii() or not value.isdigit():
            raise SettingsError(f"{name} = {value!r} is not a whole number.")
        return int(value)
    return tuple(part.strip() for part in value.split(",") if part.strip())
