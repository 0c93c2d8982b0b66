#!/bin/sh
# Make the passwords and keys of the compose file once, in secrets/ beside it, readable by their owner alone.
set -eu
umask 077
cd "$(dirname "$0")"
if [ -e secrets ]; then
  echo "Error: $(pwd)/secrets is there already, and the database knows its passwords. To start anew, remove it and the volumes." >&2
  exit 2
fi
mkdir secrets.new
random() { openssl rand -hex 32; }
put() { printf '%s' "$2" >"secrets.new/$1"; }
password=$(random)
put postgres_password "$password"
put metadata_url "postgresql+psycopg2://tarmac:$password@postgres:5432/airflow"
put warehouse_url "postgresql://tarmac:$password@postgres:5432/tarmac"
# Fernet wants 32 bytes in the URL's form of base64.
put fernet_key "$(openssl rand -base64 32 | tr '+/' '-_')"
put api_secret_key "$(random)"
put jwt_secret "$(random)"
put admin_password "$(openssl rand -hex 9)"
mv secrets.new secrets
echo "Made secrets/. The user is admin; the password is in $(pwd)/secrets/admin_password"
