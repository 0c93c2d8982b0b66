"""The machine that runs the pipeline."""

from constructs import Construct

from deploy.aws.lake.infrastructure import BRONZE, GOLD, PARTS, REPORTS, RUNS, SILVER, certificate_key
from deploy.aws.machine import House, Machine, add_secrets
from deploy.aws.proxy.infrastructure import Addresses
from deploy.aws.warehouse.infrastructure import Warehouse


class Airflow(Construct):
    """`airflow`: reads bronze, writes silver, gold, reports and run records, and creates the database's users."""

    def __init__(self, scope: Construct, id: str, *, house: House, addresses: Addresses, warehouse: Warehouse) -> None:
        super().__init__(scope, id)
        settings = house.settings
        self.machine = Machine(
            self,
            "Machine",
            house=house,
            name="airflow",
            layer="application",
            size=settings.airflow_size,
            disk=settings.airflow_disk,
        )
        run_pipeline(self, self.machine, house)
        addresses.tell(self.machine)
        self.machine.tell_database(warehouse, *warehouse.users)
        self.machine.tell_secret("SECRET_DATABASE_MASTER", warehouse.master)
        self.machine.finish()


def run_pipeline(scope: Construct, machine: Machine, house: House) -> None:
    """What the pipeline needs on any machine: its zones, its secrets, Spark, and its certificate for nginx."""
    house.lake.let_read(machine.role, BRONZE)
    house.lake.let_write(machine.role, SILVER, GOLD, RUNS, REPORTS)
    house.lake.let_delete(machine.role, PARTS)
    house.lake.let_put(machine.role, certificate_key("airflow"))
    add_secrets(scope, machine, house, "airflow")
    if house.spark is not None:
        house.spark.let_ask(machine.role)
        machine.tell(house.spark.values)
