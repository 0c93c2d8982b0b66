#!/bin/bash
# Airflow's machine: the database's users, and the containers that deploy/compose/ defines.
# shellcheck source=deploy/aws/machines/common.sh
. "$(dirname "$0")/common.sh"
install_packages curl openssl python3-psycopg
command -v docker >/dev/null || install_packages docker.io docker-compose-v2
make_certificate airflow
fetch_authority

# On tmpfs: secrets are read anew at every start and never lie on the disk.
install -d -m 0755 /run/tarmac
(umask 077 && "$machines/environment.py" airflow >/run/tarmac/airflow.env)

compose() {
  docker compose --project-directory "$release/deploy/compose" --env-file "$release/deploy/timeouts.env" \
    --env-file /run/tarmac/airflow.env "$@"
}
compose build --quiet
# Where Tarmac is installed: its migrations make the tables that the dashboards' user may read.
"$machines/environment.py" database | docker run --rm --interactive --network host --volume "$release:/release:ro" \
  --volume /etc/tarmac:/etc/tarmac:ro --entrypoint python tarmac-airflow /release/deploy/aws/machines/database_users.py
compose up --detach --remove-orphans --wait
report_metrics
