#!/bin/bash
# In a throw-away Debian root: the user data as it is, then the script of every machine. /mnt is the test's folder.
# Stood in for: systemd (not running here), Docker, and the half gigabyte of packages of Superset's environment.
set -euo pipefail
export PATH=/mnt/stand-ins:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
printf '127.0.0.1 localhost\n10.0.3.10 airflow.tarmac.internal\n10.0.3.11 superset.tarmac.internal\n' >/etc/hosts
mkdir -p /etc/tarmac/public && touch /etc/tarmac/public/rds.pem

bash /mnt/user-data/airflow
for machine in airflow superset nginx bastion-host tarmac; do
  sed '/^END$/q' "/mnt/user-data/$machine" | bash
  cp /etc/tarmac/machine.env "/mnt/machine-$machine.env"
  echo "# $machine" >>/mnt/calls
  # shellcheck source=/dev/null
  (set -a && . /etc/tarmac/machine.env && set +a && /usr/local/sbin/tarmac-start) >"/mnt/$machine.log" 2>&1
  cp /run/tarmac/compose.env "/mnt/compose-$machine.env"
done
readlink /opt/tarmac/current >/mnt/current
ls /opt/tarmac/releases >/mnt/releases
find /run/tarmac -type f -printf '%f %m %u\n' >/mnt/modes
nginx -T >/mnt/nginx.conf 2>/dev/null
[ "$(readlink /opt/tarmac/current/deploy/compose/secrets)" = /run/tarmac/secrets ]
find /opt /etc /var/lib -xdev -type f -newer /mnt/user-data/airflow -exec grep -l -e airflow-admin-secret -e superset-admin-secret {} + >/mnt/leaks || true
