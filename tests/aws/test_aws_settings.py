"""What an environment can be told, and what it refuses."""

import pytest

from deploy.aws.settings import ENVIRONMENTS, SettingsError, to_settings


@pytest.mark.parametrize(
    ("environment", "given", "said"),
    [
        ("staging", {}, "environment 'staging' is unknown. Known: lab, prod, min."),
        ("lab", {"bucket": "Flights_2009"}, "bucket = 'Flights_2009' is not 3 to 63 small letters"),
        ("lab", {"nat_gateways": "3"}, "nat_gateways = 3 is not from 1 to 2"),
        ("lab", {"nat_gateways": "two"}, "nat_gateways = 'two' is not a whole number"),
        ("lab", {"spark": "yes"}, "spark = 'yes' is neither true nor false"),
        ("lab", {"spark": 1}, "spark = 1 is of the type int, not bool"),
        ("lab", {"ssh_from": "0.0.0.0"}, "ssh_from = '0.0.0.0' is 0.0.0.0/32 in full"),
        ("lab", {"ssh_from": "10.1.2.3/8"}, "ssh_from = '10.1.2.3/8' is no IPv4 block"),
        ("lab", {"ssh_from": "203.0.113.7/32,office"}, "ssh_from = 'office' is no IPv4 block"),
        ("lab", {"fail_email": "ops"}, "fail_email = 'ops' is not an address"),
        ("lab", {"airflow_size": "big"}, "airflow_size = 'big' is not an EC2 type"),
        ("lab", {"database_size": "t3.micro"}, "database_size = 't3.micro' is not an RDS class"),
        ("lab", {"backup_days": "0"}, "backup_days = 0 is not from 1 to 35"),
        ("lab", {"ubuntu_serial": "latest"}, "ubuntu_serial = 'latest' is not current, or a day"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_with_its_value_and_the_choices(environment, given, said):
    with pytest.raises(SettingsError) as refused:
        to_settings(environment, given)
    assert str(refused.value).startswith(said)


def test_context_replaces_the_environments_own_settings():
    """Text from the command line becomes the setting's type."""
    settings = to_settings("prod", {"bastion": "false", "budget": "50", "ssh_from": "203.0.113.7/32, 198.51.100.0/24"})
    assert (settings.bastion, settings.budget) == (False, 50)
    assert settings.ssh_from == ("203.0.113.7/32", "198.51.100.0/24")
    assert settings.protected, "what context does not name stays"


def test_no_environment_lets_anybody_in_by_ssh_unless_it_is_asked_for():
    assert {settings.ssh_from for settings in ENVIRONMENTS.values()} == {()}


def test_the_environments_can_stand_side_by_side_in_one_account():
    """What has a name of its own in an account is named differently in each."""
    for name in ("bucket", "environment"):
        assert len({getattr(settings, name) for settings in ENVIRONMENTS.values()}) == len(ENVIRONMENTS)
    assert ENVIRONMENTS["lab"].database != ENVIRONMENTS["prod"].database
