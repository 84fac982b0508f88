#!/usr/bin/env bash
# Installs swarmlet: the binary, its units, users and folders, and the example configuration.
# Takes them from SWARMLET_STAGE, as scripts/stage lays them out.
set -euo pipefail
stage=${SWARMLET_STAGE:-/tmp/swarmlet}

# Copies each existing file of a list into a folder.
put() {
  local folder=$1 file
  shift
  for file in "$@"; do
    [ ! -e "$file" ] || install -D -m 644 "$file" "$folder/$(basename "$file")"
  done
}

install -D -m 755 "$stage/swarmlet" /usr/bin/swarmlet
put /usr/lib/systemd/system "$stage"/systemd/*.{service,socket,timer,target,path,slice}
put /usr/lib/systemd/system-preset "$stage"/systemd/*.preset
put /usr/lib/sysusers.d "$stage"/systemd/sysusers.d/*.conf
put /usr/lib/tmpfiles.d "$stage"/systemd/tmpfiles.d/*.conf
put /etc/swarmlet "$stage"/systemd/config.toml

# On images with SELinux a file moved here from a temporary folder keeps the wrong label, and
# systemd may not run it.
if command -v restorecon >/dev/null; then
  restorecon -R /usr/bin/swarmlet /usr/lib/systemd/system /etc/swarmlet
fi

systemd-sysusers
systemd-tmpfiles --create --prefix=/var/lib/swarmlet --prefix=/etc/swarmlet || true
for unit in swarmlet-prepare.service swarmlet.service swarmlet-restart-engine.path swarmlet-announce.path; do
  [ ! -e "/usr/lib/systemd/system/$unit" ] || systemctl enable "$unit"
done
