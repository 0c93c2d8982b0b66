"""Fixed uuids from names: the same asset keeps its own on every machine, and an import finds it again."""

import uuid

_TARMAC = uuid.UUID("972eec08-2f2a-561d-9770-442b7e146f8d")


def uuid_of(kind: str, name: str) -> str:
    """The uuid of the asset of that kind (database, dataset, chart, dashboard, …) and English name."""
    return str(uuid.uuid5(_TARMAC, f"{kind} {name}"))


def file_of(name: str) -> str:
    """The name as a file's."""
    return "_".join("".join(c if c.isalnum() else " " for c in name.lower()).split())
