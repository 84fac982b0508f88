#!/usr/bin/env bash
# Checks that this is a machine that the other scripts know how to make an image of, waits until
# it has finished its own first boot, and makes the folder that files are uploaded to.
set -euo pipefail

fail() {
  echo "cannot build an image here: $*" >&2
  exit 1
}

[ "$(id -u)" -eq 0 ] || fail "this needs root; run it with sudo"
[ -d /run/systemd/system ] || fail "systemd does not run this machine"
# shellcheck source=/dev/null
source /etc/os-release
case $ID-${VERSION_ID:-} in
  amzn-2023 | debian-12 | debian-13 | ubuntu-24.04) ;;
  *) fail "${PRETTY_NAME:-$ID} is none of Amazon Linux 2023, Debian 12 and 13, Ubuntu 24.04" ;;
esac
case $(uname -m) in
  x86_64 | aarch64) ;;
  *) fail "$(uname -m) is neither x86_64 nor aarch64" ;;
esac
free=$(df --output=avail --block-size=1M / | tail -n 1)
[ "$free" -ge 1024 ] || fail "only $free MiB are free on /; raise volume_size"

# Until then cloud-init holds the package manager's lock and writes the list of mirrors.
if command -v cloud-init >/dev/null; then
  status=0
  timeout 600 cloud-init status --wait >/dev/null || status=$?
  # 2 is "done, with warnings".
  case $status in
    0 | 2) ;;
    124) fail "cloud-init is not done after 10 minutes" ;;
    *) fail "cloud-init failed; see /var/log/cloud-init.log" ;;
  esac
fi

install -d -m 700 -o "${SUDO_USER:-root}" "${SWARMLET_STAGE:-/tmp/swarmlet}"
