#!/bin/bash
# The one machine of the environment `min`: Airflow with its Postgres, Superset and nginx side by side.
# shellcheck source=deploy/aws/machines/common.sh
. "$(dirname "$0")/common.sh"
export DATABASE_HOST=127.0.0.1 AIRFLOW_HOST=127.0.0.1 SUPERSET_HOST=127.0.0.1
"$machines/airflow.sh"
"$machines/superset.sh"
"$machines/nginx.sh"
