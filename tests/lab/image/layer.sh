#!/usr/bin/env bash
# Runs one provisioning command in an image and keeps what it changed as a layer.
#   layer.sh LOWER UPPER [--bind|--bind-ro HOST:INSIDE]... -- COMMAND...
# LOWER: layers below, colon-separated, topmost first. UPPER: folder that receives the changes.
# Everything is mounted in a namespace of this process, so an interrupted build leaves no mount.
# The command has the host's network, and apt sources that point at the host's Debian mirror;
# neither these nor the package lists become part of the layer.
set -euo pipefail
if [ "${1:-}" != --inside ]; then
  exec unshare --mount --uts --ipc --pid --fork --kill-child -- "$0" --inside "$@"
fi
shift
lower=$1 upper=$2
shift 2
# shellcheck source=mirror.sh
source "$(dirname "$0")/mirror.sh"

work=$upper.work root=$upper.root
mkdir -p "$upper" "$work" "$root"
# Volatile: dpkg syncs every file it unpacks; one sync at the end does.
mount -t overlay overlay -o "lowerdir=$lower,upperdir=$upper,workdir=$work,volatile" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/tmp"
mount -t tmpfs tmpfs "$root/run"
mount -t tmpfs tmpfs "$root/var/lib/apt/lists"
mount -t tmpfs tmpfs "$root/var/cache/apt"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
  touch "$root/dev/$node"
  mount --bind "/dev/$node" "$root/dev/$node"
done
while [ "$1" != -- ]; do
  mkdir -p "$root${2#*:}"
  case $1 in
    --bind) mount --bind "${2%%:*}" "$root${2#*:}" ;;
    --bind-ro) mount --bind -o ro "${2%%:*}" "$root${2#*:}" ;;
    *) echo "layer.sh: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
shift

mount --bind /etc/resolv.conf "$root/etc/resolv.conf"
# The suite is the image's own, told by the layers below.
suite=$(sed -n 's/^VERSION_CODENAME=//p' "$root/usr/lib/os-release")
# Mounts over these folders would hide what the command writes there: plain files, taken away below.
debian_sources "$suite" >"$root/etc/apt/sources.list.d/build.sources"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
chmod 755 "$root/usr/sbin/policy-rc.d"

proxy=()
for scheme in http https; do
  eval "$(apt-config shell address "Acquire::$scheme::Proxy")"
  [ -z "${address:-}" ] || proxy+=("${scheme}_proxy=$address")
  address=
done
env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
  DEBIAN_FRONTEND=noninteractive "${proxy[@]}" chroot "$root" "$@"

rm -f "$root/etc/apt/sources.list.d/build.sources" "$root/usr/sbin/policy-rc.d"
umount -R "$root"
sync -f "$upper"
rm -rf --one-file-system "$work" "$root"
