"""Credentials of the lake and the warehouse, from Airflow's connections or its secrets backend."""

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from tarmac.storage.s3 import S3Access

S3_CONNECTION, POSTGRES_CONNECTION = "s3_conn", "postgres_conn"

log = logging.getLogger(__name__)


def s3_access(*, requester_pays: bool = False) -> "S3Access":
    """Keys, region and endpoint of s3_conn; missing ones come from the machine, such as its role on AWS.

    With `requester_pays` requests are charged to the account of these keys, as some buckets demand.
    """
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from tarmac.storage.s3 import S3Access

    hook = S3Hook(aws_conn_id=S3_CONNECTION)
    found = hook.get_session().get_credentials()
    keys = found.get_frozen_credentials() if found else None
    return S3Access(
        key=keys.access_key if keys else None,
        secret=keys.secret_key if keys else None,
        token=keys.token if keys else None,
        region=hook.region_name,
        endpoint=hook.conn_config.get_service_endpoint_url("s3"),
        requester_pays=requester_pays,
    )


def warehouse_url() -> str:
    """The URL of postgres_conn, or else of the reference pipeline's variable db_url.

    Raises:
        InputError: there is neither.
    """
    from airflow.sdk import Connection, Variable
    from airflow.sdk.exceptions import AirflowNotFoundException

    from tarmac.errors import InputError

    given = Variable.get("db_url", default=None)
    try:
        connection = Connection.get(POSTGRES_CONNECTION)
    except AirflowNotFoundException:
        if not given:
            raise InputError(
                f"Airflow has no connection {POSTGRES_CONNECTION}. Add one of type postgres with host, port, schema, "
                "login and password."
            ) from None
        log.warning(
            "the warehouse's address comes from the variable db_url, which anyone who reads variables can read: "
            "put it into the connection %s and empty the variable",
            POSTGRES_CONNECTION,
        )
        return str(given)
    if given:
        log.warning("the variable db_url is not used, since there is a connection %s: empty it", POSTGRES_CONNECTION)
    return to_url(connection)


def to_url(connection: "object") -> str:
    """The connection as a URL for libpq, with those entries of its extra that are single values, such as sslmode and options."""
    from typing import Any, cast

    conn = cast("Any", connection)
    user = quote(conn.login or "", safe="") + (f":{quote(conn.password, safe='')}" if conn.password else "")
    port = f":{conn.port}" if conn.port else ""
    extra = {name: value for name, value in conn.extra_dejson.items() if isinstance(value, str | int)}
    url = (
        f"postgresql://{user and user + '@'}{quote(conn.host or '', safe='')}{port}/{quote(conn.schema or '', safe='')}"
    )
    return f"{url}?{urlencode(extra, quote_via=quote)}" if extra else url
