"""The promises of each part of the AWS templates, as rows that a test looks up in a template."""

from tests.support.aws_promises.database import DATABASE
from tests.support.aws_promises.lake import LAKE
from tests.support.aws_promises.machines import MACHINES
from tests.support.aws_promises.monitoring import MONITORING
from tests.support.aws_promises.network import NETWORK
from tests.support.aws_promises.rights import RIGHTS
from tests.support.aws_template import Promise

PROMISES: list[Promise] = [*NETWORK, *MACHINES, *RIGHTS, *DATABASE, *LAKE, *MONITORING]
