#!/usr/bin/env bash
# What only the lab adds to an image. Runs inside it, after the provisioning scripts.
#   lab.sh baked|plain|stock BUILD-FOLDER
set -euo pipefail
kind=$1 build=$2

# Hardware that a container does not have, and sysctls that would reach the host's kernel.
while read -r unit; do
  ln -sf /dev/null "/etc/systemd/system/$unit"
done <"$build/lab/masked-units.txt"

# Both of the agent's units read this: the standard variable that points an AWS SDK elsewhere.
mkdir -p /etc/swarmlet
echo 'AWS_ENDPOINT_URL=http://10.98.0.1:4566' >/etc/swarmlet/environment

if [ "$kind" != baked ]; then
  install -D -m 644 "$build/repository/lab.asc" /etc/apt/keyrings/lab.asc
  cat >/etc/apt/sources.list.d/lab.sources <<'SOURCES'
Types: deb
URIs: http://10.98.0.1:8080/apt/
Suites: ./
Signed-By: /etc/apt/keyrings/lab.asc
SOURCES
fi
