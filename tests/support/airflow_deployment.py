"""A deployment of the DAGs in a test: its lake, warehouse and emails, and the states of its runs."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import structlog

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

DAGS = Path(__file__).resolve().parents[2] / "dags"


@dataclass(kw_only=True)
class Mailbox:
    """The emails that the server has received."""

    mails: list[Message] = field(default_factory=list)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(message_from_bytes(envelope.content))
        return "250 OK"

    def texts(self) -> list[str]:
        """Subject, address and body of each."""
        return [f"{mail['Subject']}\n{mail['To']}\n{_body(mail)}" for mail in self.mails]


def _body(mail: Message) -> str:
    parts = [part.get_payload(decode=True) for part in mail.walk() if not part.is_multipart()]
    return "\n".join(part.decode() for part in parts if isinstance(part, bytes))


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """One deployment: its lake, its warehouse, and its scratch folder."""

    s3: Any
    warehouse: str
    scratch: Path

    def keys(self, prefix: str = "") -> list[str]:
        """The keys in the bucket."""
        entries = self.s3.list_objects_v2(Bucket="lake", Prefix=prefix).get("Contents", [])
        return [entry["Key"] for entry in entries]

    def files(self) -> dict[str, tuple[bytes, Any]]:
        """The three zones: bytes, and when each was written."""
        found = {}
        for key in self.keys():
            if key[:2].isdigit():
                there = self.s3.get_object(Bucket="lake", Key=key)
                found[key] = (there["Body"].read(), there["LastModified"])
        return found

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query on the warehouse."""
        import psycopg

        with psycopg.connect(self.warehouse) as connection:
            return connection.execute(query).fetchall()

    def execute(self, statement: str) -> None:
        """Change the warehouse directly, not through Tarmac."""
        import psycopg

        with psycopg.connect(self.warehouse) as connection:
            connection.execute(statement)


@contextmanager
def supervised() -> Iterator[None]:
    """As in a task or in the dag processor: variables and XComs are read from the database, through Airflow's own API."""
    from airflow.sdk.execution_time import supervisor

    made = supervisor.InProcessTestSupervisor(
        id=uuid.uuid4(),
        pid=os.getpid(),
        process=psutil.Process(),
        process_log=structlog.get_logger(),
        client=supervisor.InProcessTestSupervisor._api_client(),
    )
    made.comms = supervisor.InProcessSupervisorComms(supervisor=made)
    with supervisor.set_supervisor_comms(made.comms):
        yield


def states(run: "DagRun") -> dict[str, list[str]]:
    """The states of each task's instances."""
    found: dict[str, list[str]] = {}
    for ti in run.get_task_instances():
        found.setdefault(ti.task_id, []).append(str(ti.state))
    return found
