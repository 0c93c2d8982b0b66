"""The environment `min`: everything on one machine, without NAT gateway and RDS."""

from constructs import Construct

from deploy.aws.airflow.infrastructure import run_pipeline
from deploy.aws.machine import House, Machine
from deploy.aws.proxy.infrastructure import Addresses, serve_browsers
from deploy.aws.superset.infrastructure import show_dashboards
from deploy.aws.warehouse.users import user_secrets


class Trial(Construct):
    """`tarmac` in the public layer: nginx, Airflow, Superset and Postgres on one machine."""

    def __init__(self, scope: Construct, id: str, *, house: House, addresses: Addresses) -> None:
        super().__init__(scope, id)
        settings = house.settings
        self.machine = Machine(
            self,
            "Machine",
            house=house,
            name="tarmac",
            layer="public",
            size=settings.airflow_size,
            disk=settings.airflow_disk,
        )
        run_pipeline(self, self.machine, house)
        show_dashboards(self, self.machine, house)
        serve_browsers(self.machine, house, addresses)
        for name, secret in user_secrets(self, settings).items():
            self.machine.tell_secret(f"SECRET_DATABASE_{name.upper()}", secret)
        self.machine.finish()
