"""The machine that shows the dashboards."""

from constructs import Construct

from deploy.aws.lake.infrastructure import certificate_key
from deploy.aws.machine import House, Machine, add_secrets
from deploy.aws.proxy.infrastructure import Addresses
from deploy.aws.warehouse.infrastructure import Warehouse


class Superset(Construct):
    """`superset`, in the application layer: reachable only through nginx."""

    def __init__(self, scope: Construct, id: str, *, house: House, addresses: Addresses, warehouse: Warehouse) -> None:
        super().__init__(scope, id)
        settings = house.settings
        self.machine = Machine(
            self,
            "Machine",
            house=house,
            name="superset",
            layer="application",
            size=settings.superset_size,
            disk=settings.superset_disk,
        )
        show_dashboards(self, self.machine, house)
        addresses.tell(self.machine)
        self.machine.tell_database(warehouse, "superset", "tarmac_dashboards")
        self.machine.finish()


def show_dashboards(scope: Construct, machine: Machine, house: House) -> None:
    """What Superset needs on any machine."""
    house.lake.let_put(machine.role, certificate_key("superset"))
    add_secrets(scope, machine, house, "superset")
