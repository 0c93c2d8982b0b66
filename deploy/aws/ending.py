"""What becomes of data when its stack is deleted."""

from aws_cdk import RemovalPolicy

from deploy.aws.settings import Settings


def ending_of(settings: Settings) -> RemovalPolicy:
    """Kept where the environment is protected; gone with the stack where it is not."""
    return RemovalPolicy.RETAIN if settings.protected else RemovalPolicy.DESTROY
