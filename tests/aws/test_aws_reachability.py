"""Who can open a connection to whom: as computed from the template, as promised, and as the page says."""

import copy

import pytest

from deploy.aws.reachability import reachability, to_table
from tests.support.aws_reachability import PROMISED, WEB, reached


def without(promised, *machines: str):
    return {pair: ports for pair, ports in promised.items() if not set(pair) & set(machines)}


@pytest.mark.slow
def test_the_lab_lets_pass_what_was_promised_and_nothing_else(templates):
    assert reached(templates["lab"].whole) == PROMISED


@pytest.mark.slow
def test_production_lets_pass_the_same(templates):
    assert reached(templates["prod"].whole, "database-ml-prod") == PROMISED


@pytest.mark.slow
def test_the_one_machine_of_a_trial_is_reached_as_nginx_is(templates):
    assert reached(templates["min"].whole) == {("internet", "tarmac"): WEB, ("tarmac", "internet"): WEB}


@pytest.mark.slow
def test_the_bastion_opens_to_the_blocks_asked_for(asked_for):
    assert reached(asked_for.template("lab").whole) == PROMISED | {("internet", "bastion-host"): ("tcp 22",)}


@pytest.mark.slow
def test_without_a_bastion_its_ways_are_gone(without_bastion):
    assert reached(without_bastion.template("prod").whole, "database-ml-prod") == without(PROMISED, "bastion-host")


@pytest.mark.slow
def test_nothing_reaches_the_database_from_the_internet_and_it_reaches_nobody(templates):
    """Not even by way of one machine in between: only the three that were promised open a connection to it."""
    for environment, name in (("lab", "database-ml"), ("prod", "database-ml-prod")):
        found = reachability(templates[environment].whole)
        assert {reach.source for reach in found if reach.target == name} == {"airflow", "superset", "bastion-host"}
        assert not [reach for reach in found if reach.source == name]


@pytest.mark.slow
@pytest.mark.parametrize("environment", ["lab", "prod", "min"])
def test_the_page_shows_the_table_that_the_template_gives(templates, aws_page, environment):
    assert to_table(reachability(templates[environment].whole)) in aws_page


def opened(template, change):
    """The connections that a change of the template adds."""
    broken = copy.deepcopy(template.whole)
    change(broken["Resources"])
    return set(reachability(broken)) - set(reachability(template.whole))


def _of(resources, kind):
    return [resource["Properties"] for resource in resources.values() if resource["Type"] == f"AWS::{kind}"]


def _group(resources, name):
    return next(one for one in _of(resources, "EC2::SecurityGroup") if one["GroupDescription"] == f"Tarmac: {name}")


def _open_to_all(resources, name, port=5432):
    rule = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "CidrIp": "0.0.0.0/0"}
    _group(resources, name).setdefault("SecurityGroupIngress", []).append(rule)


def _make_public(resources):
    """Everything that keeps the database from the internet, undone."""
    _open_to_all(resources, "database")
    [database] = _of(resources, "RDS::DBInstance")
    database["PubliclyAccessible"] = True
    group = resources[database["DBSubnetGroupName"]["Ref"]]["Properties"]
    group["SubnetIds"] = [{"Ref": id} for id in resources if id.startswith("NetworkPublic1")]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "new"),
    [
        pytest.param(_make_public, {("internet", "database-ml", "tcp 5432")}, id="a public database"),
        pytest.param(
            lambda resources: _open_to_all(resources, "bastion", 22),
            {("internet", "bastion-host", "tcp 22")},
            id="SSH from anywhere",
        ),
        pytest.param(
            lambda resources: _open_to_all(resources, "airflow", 443),
            {(name, "airflow", "tcp 443") for name in ("nginx", "superset", "bastion-host")},
            id="a block that holds the neighbours",
        ),
    ],
)
def test_an_opening_is_seen(templates, change, new):
    """The computation finds what a mistake would open."""
    assert {tuple(reach) for reach in opened(templates["lab"], change)} == new


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        lambda resources: _group(resources, "nginx")["SecurityGroupIngress"].append(
            {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 1, "SourcePrefixListId": "pl-1"}
        ),
        lambda resources: (
            _of(resources, "EC2::Route")[0].update(GatewayId=None, VpcPeeringConnectionId="pcx-1")
            or _of(resources, "EC2::Route")[0].pop("GatewayId")
        ),
    ],
    ids=["a prefix list", "a peering"],
)
def test_what_is_not_understood_is_never_passed_over(templates, change):
    broken = copy.deepcopy(templates["lab"].whole)
    change(broken["Resources"])
    with pytest.raises(ValueError, match=r"names neither|leads neither"):
        reachability(broken)
