"""Access by SSH, if Session Manager is not enough."""

from constructs import Construct

from deploy.aws.machine import House, Machine


class Bastion(Construct):
    """`bastion-host` in the public layer, with a fixed public address."""

    def __init__(self, scope: Construct, id: str, *, house: House) -> None:
        super().__init__(scope, id)
        self.machine = Machine(
            self, "Machine", house=house, name="bastion-host", layer="public", size=house.settings.bastion_size
        )
        self.address = self.machine.add_address()
        self.machine.finish()
