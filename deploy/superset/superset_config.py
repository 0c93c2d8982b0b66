"""Superset's configuration for production. Machine-specific values come from the environment, timeouts from `start.sh`.

SUPERSET_SECRET_KEY    signs sessions and encrypts the warehouse's password: 32 characters or more
SUPERSET_METADATA_URL  Superset's own Postgres: postgresql://user:password@host/superset?sslmode=verify-full
SUPERSET_REDIS_URL     cache, rate limits and SQL Lab's queue: rediss://:password@host:6379 or unix:///path/of/redis.sock
SUPERSET_PLAIN_HTTP    1 only for a Superset on this machine without TLS: cookies then travel over http
"""

import hashlib
import hmac
import os
from datetime import timedelta
from typing import Any

from cachelib.redis import RedisCache
from redis import Redis

from land import land


def _given(name: str, meaning: str) -> str:
    """The variable's value; Superset does not start without it."""
    value = os.environ.get(name, "")
    if not value:
        raise SystemExit(f"{name} is not set: {meaning}. Set it in the environment of deploy/superset/start.sh.")
    return value


def _seconds(name: str) -> int:
    return int(_given(name, "a number of seconds from deploy/timeouts.env"))


def _derived(purpose: str) -> str:
    """A separate secret for each purpose, so that a leaked one does not reveal the others."""
    return hmac.new(SECRET_KEY.encode(), purpose.encode(), hashlib.sha256).hexdigest()


# --- Secrets ---
SECRET_KEY = _given("SUPERSET_SECRET_KEY", "the key that signs sessions; make one with: openssl rand -base64 42")
if len(SECRET_KEY) < 32:
    raise SystemExit(
        f"SUPERSET_SECRET_KEY has {len(SECRET_KEY)} characters, and 32 are the least. Generate one: openssl rand -base64 42"
    )
GUEST_TOKEN_JWT_SECRET = _derived("guest token")
GLOBAL_ASYNC_QUERIES_JWT_SECRET = _derived("async queries")

# --- Metadata ---
SQLALCHEMY_DATABASE_URI = _given("SUPERSET_METADATA_URL", "the URL of Superset's own Postgres database").replace(
    "postgresql://", "postgresql+psycopg2://", 1
)
SQLALCHEMY_ENGINE_OPTIONS = {
    "pool_pre_ping": True,
    "pool_size": 10,
    "connect_args": {"connect_timeout": _seconds("WAREHOUSE_CONNECT_TIMEOUT")},
}

# --- Timeouts increase outwards: the database's expires first, and Superset can report the reason ---
_CONNECT_TIMEOUT, _STATEMENT_TIMEOUT = _seconds("WAREHOUSE_CONNECT_TIMEOUT"), _seconds("WAREHOUSE_STATEMENT_TIMEOUT")
SUPERSET_WEBSERVER_TIMEOUT = _seconds("SUPERSET_WEBSERVER_TIMEOUT")
SQLLAB_TIMEOUT = _seconds("GUNICORN_TIMEOUT")
SQLLAB_ASYNC_TIME_LIMIT_SEC = _seconds("GUNICORN_TIMEOUT")


def DB_CONNECTION_MUTATOR(  # noqa: N802 - Superset looks for this name
    uri: Any, params: dict[str, Any], username: str, security_manager: Any, source: Any
) -> tuple[Any, dict[str, Any]]:
    """Timeouts for every Postgres that charts and SQL Lab query, including databases added by hand."""
    del username, security_manager, source
    if uri.get_backend_name() == "postgresql":
        limit = f"-c statement_timeout={_STATEMENT_TIMEOUT}s -c default_transaction_read_only=on"
        given = params.setdefault("connect_args", {})
        given["options"] = f"{given.get('options', '')} {limit}".strip()
        given["connect_timeout"] = _CONNECT_TIMEOUT
        # For a server that stops responding after the connection: it cannot enforce the statement timeout itself.
        given |= {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3, "tcp_user_timeout": 25_000}
    return uri, params


# --- One Redis: the only store that the cache, the rate limits, SQL Lab's queue and its results all support ---
REDIS_URL = _given("SUPERSET_REDIS_URL", "the URL of a Redis or Valkey server").rstrip("/")
_LIMIT_SCHEMES = {"unix": "redis+unix", "redis": "redis", "rediss": "rediss"}
_QUEUE_SCHEMES = {"unix": "redis+socket", "redis": "redis", "rediss": "rediss"}
_scheme, _, _server = REDIS_URL.partition("://")
if _scheme not in _LIMIT_SCHEMES:
    raise SystemExit(
        f"SUPERSET_REDIS_URL begins with {_scheme!r}. Known: {', '.join(_LIMIT_SCHEMES)}, as in unix:///run/redis.sock."
    )


def _cache(prefix: str, keep: timedelta) -> dict[str, Any]:
    return {
        "CACHE_TYPE": "RedisCache",
        "CACHE_REDIS_URL": REDIS_URL,
        "CACHE_KEY_PREFIX": f"superset_{prefix}_",
        "CACHE_DEFAULT_TIMEOUT": int(keep.total_seconds()),
    }


# Years are loaded rarely; after a load, a dashboard shows old figures for at most an hour.
# Cached page settings contain Superset's path, so that two instances at different paths need separate keys.
CACHE_CONFIG = _cache(f"metadata{os.environ.get('SUPERSET_APP_ROOT', '')}", timedelta(hours=1))
DATA_CACHE_CONFIG = _cache("data", timedelta(hours=1))
FILTER_STATE_CACHE_CONFIG = _cache("filters", timedelta(days=90)) | {"REFRESH_TIMEOUT_ON_RETRIEVAL": True}
EXPLORE_FORM_DATA_CACHE_CONFIG = _cache("explore", timedelta(days=7)) | {"REFRESH_TIMEOUT_ON_RETRIEVAL": True}
RESULTS_BACKEND = RedisCache(host=Redis.from_url(REDIS_URL), key_prefix="superset_results_", default_timeout=86_400)


class CeleryConfig:
    """SQL Lab's queries run in a worker: no request waits for them."""

    broker_url = f"{_QUEUE_SCHEMES[_scheme]}://{_server}"
    broker_connection_retry_on_startup = True
    imports = ("superset.sql_lab", "superset.tasks.scheduler", "superset.tasks.cache")
    worker_prefetch_multiplier = 1
    task_annotations = {"sql_lab.get_sql_results": {"rate_limit": "100/s"}}  # noqa: RUF012 - read, never changed


CELERY_CONFIG = CeleryConfig

# --- Permissions and rate limits ---
WTF_CSRF_ENABLED = True
PUBLIC_ROLE_LIKE = None
AUTH_ROLE_PUBLIC = "Public"
RATELIMIT_ENABLED = True
RATELIMIT_STORAGE_URI = f"{_LIMIT_SCHEMES[_scheme]}://{_server}"
RATELIMIT_KEY_PREFIX = "superset_limits_"
RATELIMIT_APPLICATION = "50 per second"
AUTH_RATE_LIMITED = True
AUTH_RATE_LIMIT = "10 per minute"


def FLASK_APP_MUTATOR(app: Any) -> None:  # noqa: N802 - Superset looks for this name
    """Limit log-ins by form and by API: Superset 6.1 itself only limits the view that shows the form."""
    limited = app.appbuilder.sm.limiter.limit(AUTH_RATE_LIMIT, methods=["POST"])
    for endpoint in ("AuthDBView.login", "SecurityApi.login"):
        app.view_functions[endpoint] = limited(app.view_functions[endpoint])


FAB_PASSWORD_COMPLEXITY_ENABLED = True
FAB_API_SWAGGER_UI = False
PREVENT_UNSAFE_DB_CONNECTIONS = True
SHOW_STACKTRACE = False
ROW_LIMIT = 10_000
SQL_MAX_ROW = 100_000
DISPLAY_MAX_ROW = 10_000
DEFAULT_SQLLAB_LIMIT = 1_000
# Superset's validator of Postgres SQL calls ecpg, which is not installed: each pause in typing would be an error.
SQL_VALIDATORS_BY_ENGINE: dict[str, str] = {}

# --- Behind the TLS proxy ---
ENABLE_PROXY_FIX = True
# Under a path (SUPERSET_APP_ROOT), Superset 6.1 would prefix its logo's link twice, here and in the browser.
APP_ICON = f"{os.environ.get('SUPERSET_APP_ROOT', '')}/static/assets/images/superset-logo-horiz.png"
_PLAIN_HTTP = os.environ.get("SUPERSET_PLAIN_HTTP") == "1"
SESSION_COOKIE_SECURE = not _PLAIN_HTTP
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
PERMANENT_SESSION_LIFETIME = timedelta(hours=12)

# No other host is contacted: maps, fonts and pictures are served by Superset. The proxy redirects http to https.
TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "default-src": ["'self'"],
        "base-uri": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "font-src": ["'self'", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'", "data:"],
        "object-src": "'none'",
        "frame-ancestors": ["'self'"],
        "style-src": ["'self'", "'unsafe-inline'"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    "force_https": False,
    "session_cookie_secure": not _PLAIN_HTTP,
}

# --- Appearance ---
BLUEPRINTS = [land]
# From nearly white for zero to the report's red.
EXTRA_SEQUENTIAL_COLOR_SCHEMES = [
    {
        "id": "tarmac_heat",
        "label": "Tarmac heat",
        "description": "From a quiet day to a disrupted one",
        "isDiverging": False,
        "colors": ["#eef1f5", "#f6c7a5", "#e0703a", "#b03a0b", "#5c1d05"],
    }
]
APP_NAME = "Tarmac"
BABEL_DEFAULT_LOCALE = "en"
LANGUAGES = {"en": {"flag": "us", "name": "English"}, "es": {"flag": "es", "name": "Español"}}
# Sandboxed templates: the dataset one_airport reads which airport is selected.
FEATURE_FLAGS = {"ENABLE_TEMPLATE_PROCESSING": True}
