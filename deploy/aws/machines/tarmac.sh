#!/bin/bash
# The one machine of the environment `min`: Postgres, Airflow, Superset and nginx side by side.
# shellcheck source=deploy/aws/machines/common.sh
. "$(dirname "$0")/common.sh"
install_packages openssl postgresql
address=$(hostname -I | cut -d' ' -f1)
export DATABASE_HOST=$address AIRFLOW_HOST=$address SUPERSET_HOST=$address

# Containers come from other addresses of this machine; the security group lets nobody else through.
systemctl start postgresql
runuser -u postgres -- psql --quiet --command "ALTER SYSTEM SET listen_addresses = '*'" postgres
hba=$(runuser -u postgres -- psql --quiet --tuples-only --no-align --command 'SHOW hba_file' postgres)
grep -q samenet "$hba" || printf 'hostssl all all samehost scram-sha-256\nhostssl all all samenet scram-sha-256\n' >>"$hba"
systemctl restart postgresql

# What RDS has: a master who is no superuser, with a password that nobody needs to know.
password=$("$machines/environment.py" database | python3 -c 'import json, sys; print(json.load(sys.stdin)["master"]["password"])')
runuser -u postgres -- psql --quiet postgres <<END
\\set password $password
SELECT 'CREATE ROLE master LOGIN CREATEDB CREATEROLE' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'master') \\gexec
ALTER ROLE master PASSWORD :'password';
END

"$machines/airflow.sh"
"$machines/superset.sh"
"$machines/nginx.sh"
