"""Every part of the templates is as promised: a row a promise."""

import pytest

from tests.support.aws_promises import DATABASE, LAKE, MACHINES, MONITORING, NETWORK, RIGHTS
from tests.support.aws_template import promises

pytestmark = pytest.mark.slow


@promises(NETWORK)
def test_the_network_is_as_promised(templates, environment, about, expected):
    assert about(templates[environment]) == expected


@promises(MACHINES)
def test_the_machines_are_as_promised(templates, environment, about, expected):
    assert about(templates[environment]) == expected


@promises(RIGHTS)
def test_the_rights_are_as_promised(templates, environment, about, expected):
    assert about(templates[environment]) == expected


@promises(DATABASE)
def test_the_database_is_as_promised(templates, environment, about, expected):
    assert about(templates[environment]) == expected


@promises(LAKE)
def test_the_lake_is_as_promised(templates, environment, about, expected):
    assert about(templates[environment]) == expected


@promises(MONITORING)
def test_the_monitoring_is_as_promised(templates, environment, about, expected):
    assert about(templates[environment]) == expected
