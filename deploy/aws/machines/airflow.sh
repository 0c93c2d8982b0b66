#!/bin/bash
# Airflow's machine: the containers that deploy/compose/ defines, and the users of the database that holds the results.
# shellcheck source=deploy/aws/machines/common.sh
. "$(dirname "$0")/common.sh"
install_packages curl openssl python3-psycopg
command -v docker >/dev/null || install_packages docker.io docker-compose-v2
id -u tarmac >/dev/null 2>&1 || useradd --system tarmac
make_certificate airflow api-server
chown tarmac /etc/tarmac/tls/airflow/airflow.{crt,key}
fetch_authority
cat /etc/ssl/certs/ca-certificates.crt /etc/tarmac/tls/airflow/ca.crt >/etc/tarmac/public/authorities.pem

# On tmpfs: secrets are read anew at every start and never lie on the disk.
install -d -m 0755 /run/tarmac
install -d -m 0700 -o tarmac /run/tarmac/secrets
"$machines/environment.py" airflow /run/tarmac/secrets
chown tarmac /run/tarmac/secrets/*
# Airflow's own Postgres as the machine sees it, for its metrics.
(umask 077 && sed 's/+psycopg2//; s/@postgres:/@127.0.0.1:/' /run/tarmac/secrets/metadata_url >/run/tarmac/metadata_url)
ln -sfn /run/tarmac/secrets "$release/deploy/compose/secrets"

path=/${AIRFLOW_ADDRESS#*/}
[ "$path" != "/$AIRFLOW_ADDRESS" ] || path=
cat >/run/tarmac/compose.env <<END
COMPOSE_PROJECT_NAME=tarmac
TARMAC_UID=$(id -u tarmac)
TARMAC_LAKE=s3://$TARMAC_BUCKET
TARMAC_EMR_APPLICATION=${EMR_APPLICATION:-}
TARMAC_EMR_ROLE=${EMR_ROLE:-}
TARMAC_EMR_ARTIFACTS=${EMR_ARTIFACTS:-}
AWS_DEFAULT_REGION=$AWS_DEFAULT_REGION
AIRFLOW_BASE_URL=https://$AIRFLOW_ADDRESS
AIRFLOW_COOKIE_SECURE=True
AIRFLOW_PATH=$path
AIRFLOW_PORT=8081
END
compose() {
  docker compose --project-directory "$release/deploy/compose" --env-file /run/tarmac/compose.env \
    --file "$release/deploy/compose/compose.yaml" --file "$release/deploy/compose/compose.aws.yaml" "$@"
}
compose build --quiet prepare
compose up --detach --wait postgres
# In the image, where Tarmac is: its migrations make the tables that the dashboards' user may read.
"$machines/environment.py" database | docker run --rm --interactive --network host --volume "$release:/release:ro" \
  --env "PGCONNECT_TIMEOUT=$WAREHOUSE_CONNECT_TIMEOUT" \
  --volume /etc/tarmac/public:/etc/tarmac/public:ro tarmac-airflow:local python /release/deploy/aws/machines/database_users.py
compose up --detach --remove-orphans --wait
report_metrics
