#!/usr/bin/env bash
# Runs inside the base: brings it up to date and adds what a cloud image of Debian has.
set -euo pipefail

apt-get update -q
apt-get dist-upgrade -q -y
apt-get install -q -y --no-install-recommends \
  iproute2 iptables nftables procps kmod curl jq iputils-ping cloud-init

# cloud-init is there so that ordering against it is real; it has nothing to do in the lab.
touch /etc/cloud/cloud-init.disabled
