"""The database's users, each with a secret of its own."""

from collections.abc import Mapping

from aws_cdk import aws_secretsmanager as secrets
from constructs import Construct

from deploy.aws.ending import ending_of
from deploy.aws.settings import Settings

USERS = {
    "tarmac": "owns the results, which Airflow writes",
    "tarmac_dashboards": "reads the results for Superset",
    "superset": "owns Superset's own database",
}
"""`machines/database_users.py` makes them, each with the password that is in its secret."""


def user_secrets(scope: Construct, settings: Settings) -> Mapping[str, secrets.Secret]:
    """A name and a password for each user, made by Secrets Manager."""
    return {name: _secret(scope, name, what, settings) for name, what in USERS.items()}


def _secret(scope: Construct, name: str, what: str, settings: Settings) -> secrets.Secret:
    return secrets.Secret(
        scope,
        name,
        secret_name=f"tarmac/{settings.environment}/database/{name}",
        description=f"The database's user {name}, who {what}",
        generate_secret_string=secrets.SecretStringGenerator(
            secret_string_template=f'{{"username": "{name}"}}',
            generate_string_key="password",
            password_length=40,
            exclude_punctuation=True,  # so that it stands in a URL as it is
        ),
        removal_policy=ending_of(settings),
    )
