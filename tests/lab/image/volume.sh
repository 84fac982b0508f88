#!/usr/bin/env bash
# Makes the disk that a virtual machine boots from, out of an image's layers, and puts its kernel beside it.
#   volume.sh LAYERS TARGET   -> TARGET/root.ext4 (8 GiB, as long as nothing is written most of it is a hole), TARGET/vmlinuz
# Everything is mounted in a namespace of this process, so an interrupted build leaves no mount.
set -euo pipefail
if [ "${1:-}" != --inside ]; then
  exec unshare --mount --pid --fork --kill-child -- "$0" --inside "$@"
fi
layers=$2 target=$3 root=$3.root
mkdir -p "$target" "$root"
mount -t overlay overlay -o "ro,lowerdir=$layers" "$root"
# No more inodes than the usual count, and their tables are cleared when they are used.
mkfs.ext4 -q -L root -m 1 -E lazy_itable_init=1,root_owner=0:0 -d "$root" "$target/root.ext4" 8G
cp "$(find "$root/boot" -name 'vmlinuz-*' | sort -V | tail -n 1)" "$target/vmlinuz"
umount "$root"
rm -rf --one-file-system "$root"
