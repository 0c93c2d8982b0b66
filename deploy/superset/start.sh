#!/bin/sh
# Superset's processes: start.sh prepare | web | worker. The environment they need is named in superset_config.py.
#   SUPERSET_BIND     private address and port of the web server (127.0.0.1:8088)
#   SUPERSET_CERT, SUPERSET_KEY   certificate and key: TLS also between the proxy and Superset
#   SUPERSET_WORKERS  processes of the web server (2)
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
bin=${SUPERSET_BIN:-$here/../../.venv-superset/bin}
[ -x "$bin/gunicorn" ] || { echo "No Superset in $bin. Install it with 'make .venv-superset/.ready', or name its folder in SUPERSET_BIN." >&2; exit 2; }
set -a
. "$here/../timeouts.env"
set +a
export PYTHONPATH="$here" SUPERSET_CONFIG_PATH="$here/superset_config.py" FLASK_APP="superset.app:create_app()"

case "${1:-}" in
  prepare)
    exec "$bin/python" "$here/prepare.py" ;;
  web)
    # Threads, since a request mostly waits for the warehouse. No control socket: nobody asks it, and its place is the
    # same for all of a user's servers.
    set -- --bind "${SUPERSET_BIND:-127.0.0.1:8088}" --workers "${SUPERSET_WORKERS:-2}" --worker-class gthread --threads 8 \
      --timeout "$GUNICORN_TIMEOUT" --graceful-timeout 10 --limit-request-line 8190 \
      --worker-tmp-dir /dev/shm --log-level warning --no-control-socket
    [ -z "${SUPERSET_CERT:-}" ] || set -- "$@" --certfile "$SUPERSET_CERT" --keyfile "${SUPERSET_KEY:?SUPERSET_CERT needs SUPERSET_KEY}"
    exec "$bin/gunicorn" "$@" "$FLASK_APP" ;;
  worker)
    exec "$bin/celery" --app superset.tasks.celery_app:app worker --pool prefork --concurrency "${SUPERSET_QUERIES:-2}" \
      --optimization fair --without-gossip --without-mingle --loglevel WARNING ;;
  *)
    echo "usage: $0 prepare | web | worker" >&2; exit 2 ;;
esac
