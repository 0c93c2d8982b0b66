"""What happens to data when its stack is deleted."""

from aws_cdk import RemovalPolicy

from deploy.aws.settings import Settings


def ending_of(settings: Settings) -> RemovalPolicy:
    """Retained if the environment is protected; otherwise deleted with the stack."""
    return RemovalPolicy.RETAIN if settings.protected else RemovalPolicy.DESTROY
