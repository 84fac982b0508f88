#!/usr/bin/env bash
# Makes the lowest layer of a machine: a minimal Debian of the given suite that systemd boots.
#   base.sh SUITE TARGET DEB-CACHE
# Runs in mount and process namespaces of its own, so an interrupted build leaves neither.
set -euo pipefail
if [ "${1:-}" != --inside ]; then
  exec unshare --mount --pid --fork --kill-child --mount-proc -- "$0" --inside "$@"
fi
suite=$2 target=$3 cache=$4
# shellcheck source=mirror.sh
source "$(dirname "$0")/mirror.sh"

mirror=$(debian_mirror Debian)
mkdir -p "$cache"
# One that knows no suite that came after it makes it as it makes Debian's newest.
recipe=/usr/share/debootstrap/scripts/$suite
[ -e "$recipe" ] || recipe=/usr/share/debootstrap/scripts/sid
debootstrap --variant=minbase --cache-dir="$cache" \
  --include=systemd,systemd-sysv,dbus,udev,libpam-systemd,ca-certificates \
  --keyring=/usr/share/keyrings/debian-archive-keyring.gpg \
  "$suite" "$target" "$mirror" "$recipe"

# A cloud image gets its name at boot and keeps its journal.
rm -f "$target/etc/hostname"
mkdir -p "$target/var/log/journal"
# The lab has no name server; an address that refuses at once keeps look-ups from waiting.
echo 'nameserver 10.98.0.1' >"$target/etc/resolv.conf"
chmod 644 "$target/etc/resolv.conf"
# Where packages come from is each image's own choice, made in a later layer.
rm -f "$target/etc/apt/sources.list"
rm -rf "$target"/var/lib/apt/lists/* "$target"/var/cache/apt/*.bin "$target"/var/cache/apt/archives/*.deb
