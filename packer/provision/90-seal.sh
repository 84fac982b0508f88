#!/usr/bin/env bash
# Seals the image: removes all that must differ from machine to machine, all that a first boot
# must find absent, and what only building needed. The last script to run.
set -euo pipefail

# An empty file, not a missing one: systemd then makes an id without treating the boot as the
# machine's very first, which would reset which units are enabled.
: >/etc/machine-id
rm -f /var/lib/dbus/machine-id /var/lib/systemd/random-seed /etc/hostname

rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
rm -rf /root/.ssh/authorized_keys /root/.bash_history /home/*/.ssh/authorized_keys /home/*/.bash_history

# An engine that has run leaves its identity, its swarm and its containers' networks here.
rm -rf /var/lib/docker/* /etc/docker/key.json
rm -rf /var/lib/swarmlet/* /run/swarmlet

if command -v cloud-init >/dev/null; then
  rm -rf /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/data /var/lib/cloud/sem
fi

find /var/log -type f -not -path '/var/log/journal/*' -exec truncate --size 0 {} +
find /var/log/journal -mindepth 1 -delete 2>/dev/null || true
rm -rf /tmp/* /var/tmp/*
if command -v apt-get >/dev/null; then
  apt-get clean
  rm -rf /var/lib/apt/lists/*
fi
