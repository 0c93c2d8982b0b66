#!/bin/bash
# The bastion: a client for the database; people come through to the other machines with `ssh -J`.
# shellcheck source=deploy/aws/machines/common.sh
. "$(dirname "$0")/common.sh"
install_packages postgresql-client
report_metrics
