#!/usr/bin/env bash
# Installs Docker Engine, its client and, where there is one, the Compose plugin from the
# distribution's packages, at the versions the distribution has, and records which those are.
set -euo pipefail

# shellcheck source=/dev/null
source /etc/os-release
case $ID-${VERSION_ID:-} in
  # Here the client is in docker.io, and docker-compose is the old program, no plugin.
  debian-1[0-2]) packages=(docker.io) ;;
  debian-*) packages=(docker.io docker-cli docker-compose) ;;
  ubuntu-*) packages=(docker.io docker-compose-v2) ;;
  *)
    echo "cannot install the engine: no package names known for $ID; add them to $0" >&2
    exit 1
    ;;
esac

export DEBIAN_FRONTEND=noninteractive
apt-get update -q
apt-get install -q -y --no-install-recommends "${packages[@]}"
apt-get clean

mkdir -p /usr/share/swarmlet
# shellcheck disable=SC2016  # the ${…} are dpkg's own fields
dpkg-query --show --showformat '${Package} ${Version}\n' "${packages[@]}" containerd runc \
  >/usr/share/swarmlet/engine-packages
