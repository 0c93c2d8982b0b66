# shellcheck shell=bash
# What the machines' scripts share; each reads it first. The environment is /etc/tarmac/machine.env.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
machines=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
release=$(CDPATH='' cd -- "$machines/../../.." && pwd)
# shellcheck source=deploy/timeouts.env
. "$release/deploy/timeouts.env"

# install_packages NAME... : those that are missing.
install_packages() {
  dpkg-query --show --showformat '${Status}\n' "$@" 2>/dev/null | grep -c '^install ok installed$' | grep -qx $# && return
  apt-get -o DPkg::Lock::Timeout=600 update -qq
  apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends "$@" >/dev/null
}

# write_unit NAME < TEXT : a systemd unit.
write_unit() {
  cat >"/etc/systemd/system/$1"
}

# make_certificate APPLICATION [HOST...] : a certificate for its name inside the VPC, and its authority's published for nginx.
make_certificate() {
  # Two months before its end it is made anew.
  if ! openssl x509 -noout -checkend 5184000 -in "/etc/tarmac/tls/$1/$1.crt" >/dev/null 2>&1; then
    rm -f "/etc/tarmac/tls/$1/$1".{crt,key}
    "$release/deploy/nginx/self-signed.sh" "/etc/tarmac/tls/$1" "$1" "$@" "$1.tarmac.internal"
  fi
  "$machines/bucket.py" put "/etc/tarmac/tls/$1/ca.crt" "certificates/$1.crt"
}

# fetch_authority : the certificates by which RDS is known, where the database is RDS.
fetch_authority() {
  install -d -m 0755 /etc/tarmac/public
  [ "${DATABASE_AUTHORITY:-}" ] || return 0
  [ -e "$DATABASE_AUTHORITY" ] || curl --fail --silent --show-error --retry 3 --output "$DATABASE_AUTHORITY.new" \
    https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem
  [ -e "$DATABASE_AUTHORITY" ] || mv "$DATABASE_AUTHORITY.new" "$DATABASE_AUTHORITY"
}

# report_metrics : the disk, and on Airflow's machine its failed runs, to CloudWatch every five minutes.
report_metrics() {
  write_unit tarmac-metrics.service <<END
[Unit]
Description=Tarmac: this machine's disk and runs to CloudWatch

[Service]
Type=oneshot
EnvironmentFile=/etc/tarmac/machine.env
Environment=PGCONNECT_TIMEOUT=$WAREHOUSE_CONNECT_TIMEOUT
ExecStart=/opt/tarmac/current/deploy/aws/machines/report_metrics.py
END
  write_unit tarmac-metrics.timer <<END
[Timer]
OnBootSec=1min
OnUnitActiveSec=5min

[Install]
WantedBy=timers.target
END
  systemctl daemon-reload
  systemctl enable --quiet tarmac-metrics.timer
  systemctl start tarmac-metrics.timer
}
