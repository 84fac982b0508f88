#!/bin/sh
# Boots one machine and stays until it is off; becomes systemd-nspawn.
#   sh container.sh LAYERS FOLDER NAMESPACE HOSTNAME
# Runs in a mount namespace of its own: the overlay lives exactly as long as the machine,
# however it ends, and nspawn's own files stay out of the host's /run.
set -eu
layers=$1 folder=$2 namespace=$3 hostname=$4
mount -t tmpfs tmpfs /run/systemd
mkdir -p /run/systemd/nspawn
mount -t overlay overlay -o "lowerdir=$layers,upperdir=$folder/upper,workdir=$folder/work" "$folder/root"
# The engine needs /proc/sys and /sys writable, the key ring and bpf.
export SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
# From within the network namespace, since nspawn mounts /sys before it enters one: /sys/class/net is the
# machine's then, not the host's.
exec nsenter --net="$namespace" systemd-nspawn --quiet --directory="$folder/root" --boot \
  --machine="${namespace##*/}" --hostname="$hostname" --network-namespace-path="$namespace" \
  --register=no --keep-unit --settings=no --link-journal=no --timezone=off --resolv-conf=off \
  --capability=all --system-call-filter='add_key keyctl bpf' \
  --bind="$folder/docker:/var/lib/docker" --console=read-only
