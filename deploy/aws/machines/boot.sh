#!/bin/bash
# User data, after machine.py has put its lines that write /etc/tarmac/machine.env: a plain Ubuntu becomes a machine that
# at every start fetches Tarmac's release and runs the script of its name. `systemctl restart tarmac` does the same.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

# A machine wakes up before its address is given to it.
for _ in {1..60}; do
  apt-get -o DPkg::Lock::Timeout=600 -o APT::Update::Error-Mode=any update -qq && break
  sleep 10
done
apt-get -o DPkg::Lock::Timeout=600 install -y -qq --no-install-recommends ca-certificates python3-boto3 >/dev/null

cat >/usr/local/sbin/tarmac-fetch <<'END'
#!/usr/bin/python3
"""Unpack the release that the bucket holds, unless it is here already, and make /opt/tarmac/current mean it."""
import os
import pathlib
import shutil
import subprocess

import boto3

s3 = boto3.client("s3", endpoint_url=os.environ.get("AWS_ENDPOINT_URL"))
place = {"Bucket": os.environ["TARMAC_BUCKET"], "Key": os.environ["TARMAC_RELEASE_KEY"]}
answer = s3.get_object(**place)
releases = pathlib.Path("/opt/tarmac/releases")
release = releases / answer["ETag"].strip('"')
if not release.is_dir():
    half = releases / "unpacking"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    unpack = ["tar", "--extract", "--gzip", "--no-same-owner", "--directory", half]
    subprocess.run(unpack, input=answer["Body"].read(), check=True)
    half.rename(release)
link = releases.parent / "next"
link.unlink(missing_ok=True)
link.symlink_to(release)
link.rename(releases.parent / "current")
print(release)
END

cat >/usr/local/sbin/tarmac-start <<'END'
#!/bin/bash
set -euo pipefail
release=$(/usr/local/sbin/tarmac-fetch)
"$release/deploy/aws/machines/$TARMAC_MACHINE.sh"
# The release before this one stays, to go back to; older ones make room.
find /opt/tarmac/releases -mindepth 1 -maxdepth 1 ! -path "$release" -printf '%T@ %p\n' | sort -n | head -n -1 |
  cut -d' ' -f2- | xargs --no-run-if-empty rm -rf
END
chmod 0755 /usr/local/sbin/tarmac-fetch /usr/local/sbin/tarmac-start

# What is not there yet (the release, a neighbour's certificate, the database) is waited for.
cat >/etc/systemd/system/tarmac.service <<'END'
[Unit]
Description=Tarmac: fetch the release and run this machine's part of it
After=network-online.target
Wants=network-online.target
StartLimitIntervalSec=0

[Service]
Type=oneshot
RemainAfterExit=yes
EnvironmentFile=/etc/tarmac/machine.env
ExecStart=/usr/local/sbin/tarmac-start
Restart=on-failure
RestartSec=30
TimeoutStartSec=3600

[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable tarmac.service
systemctl start --no-block tarmac.service
