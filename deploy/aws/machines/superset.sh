#!/bin/bash
# Superset's machine: its locked environment, Redis, and deploy/superset/start.sh as systemd services.
# shellcheck source=deploy/aws/machines/common.sh
. "$(dirname "$0")/common.sh"
install_packages curl make openssl python3-venv redis-server
id -u superset >/dev/null 2>&1 || useradd --system --create-home --home-dir /var/lib/superset superset
make_certificate superset
fetch_authority
install -m 0400 -o superset /etc/tarmac/tls/superset/superset.{crt,key} /var/lib/superset/

# Superset runs on Python 3.11 alone, which Ubuntu 24.04 lacks; uv brings one.
make -s -C "$release" .tools/bin/uv
uv="$release/.tools/bin/uv"
export UV_PYTHON_INSTALL_DIR=/opt/tarmac/python UV_CACHE_DIR=/opt/tarmac/cache
python=$(command -v python3.11 || "$uv" python find 3.11 2>/dev/null || { "$uv" python install --quiet 3.11 && "$uv" python find 3.11; })
make -s -C "$release" PYTHON311="$python" .venv-superset/.ready

# On tmpfs: secrets are read anew at every start and never lie on the disk.
install -d -m 0755 /run/tarmac
(umask 077 && "$machines/environment.py" superset >/run/tarmac/superset.env)

for process in web worker; do
  write_unit "superset-$process.service" <<END
[Unit]
Description=Superset: $process
After=redis-server.service

[Service]
User=superset
EnvironmentFile=/run/tarmac/superset.env
ExecStart=/opt/tarmac/current/deploy/superset/start.sh $process
Restart=always
RestartSec=5
END
done
systemctl daemon-reload
systemctl start redis-server
# shellcheck source=/dev/null
(set -a && . /run/tarmac/superset.env && setpriv --reuid superset --regid superset --init-groups "$release/deploy/superset/start.sh" prepare)
# Started here and not by themselves: without /run/tarmac/superset.env they could not.
systemctl restart superset-web superset-worker
report_metrics
