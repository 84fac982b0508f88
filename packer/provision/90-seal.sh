#!/usr/bin/env bash
# Seals the image: removes all that must differ from machine to machine, all that a first boot
# must find absent, and what only building needed. Then checks the whole image. The last to run.
set -euo pipefail
verify=/usr/lib/swarmlet/checks/verify

fail() {
  echo "cannot seal the image: $*" >&2
  exit 1
}

[ "$(id -u)" -eq 0 ] || fail "this needs root"
[ -x "$verify" ] || fail "$verify is missing; 20-swarmlet.sh installs it"

# What still runs would write again what is removed below; systemd-random-seed does so when it
# stops, which has to be now and not when the machine goes down.
if [ -d /run/systemd/system ]; then
  for unit in swarmlet.service swarmlet-restart-engine.path swarmlet-announce.path swarmlet-clear-swarm.path swarmlet-ready.path swarmlet-ready.service \
    swarmlet-prepare.service \
    docker.socket docker.service containerd.service rsyslog.service syslog.socket amazon-ssm-agent.service \
    systemd-random-seed.service; do
    ! systemctl cat "$unit" >/dev/null 2>&1 || systemctl stop "$unit"
  done
  journalctl --relinquish-var
fi

# An empty file, not a missing one: systemd then makes an id without treating the boot as the
# machine's very first, which would reset which units are enabled.
: >/etc/machine-id
rm -f /var/lib/dbus/machine-id /var/lib/systemd/random-seed /var/lib/systemd/credential.secret /etc/hostname
rm -rf /var/lib/dhcp/* /var/lib/dhclient/* /var/lib/amazon/ssm/{Vault,i-*}

rm -f /etc/ssh/ssh_host_*
rm -rf /root/.ssh/authorized_keys /root/.bash_history /home/*/.ssh/authorized_keys /home/*/.bash_history
rm -rf /root/.docker /home/*/.docker /root/.aws /home/*/.aws

# An engine that has run leaves its identity, its swarm and its containers' networks here.
rm -f /etc/docker/key.json
if [ -e /usr/share/swarmlet/images ]; then
  rm -rf /var/lib/docker/{swarm,containers,network,engine-id,tmp,volumes} /var/lib/containerd/io.containerd.runtime.v2.task
else
  rm -rf /var/lib/docker/* /var/lib/containerd/*
fi
rm -rf /var/lib/swarmlet/* /run/swarmlet

if command -v cloud-init >/dev/null; then
  rm -rf /var/lib/cloud/instance /var/lib/cloud/instances /var/lib/cloud/data /var/lib/cloud/sem
  # Written for this instance's interface; cloud-init writes them anew.
  rm -f /etc/netplan/50-cloud-init.yaml /etc/network/interfaces.d/50-cloud-init
fi

find /var/log -type f -not -path '/var/log/journal/*' -exec truncate --size 0 {} +
find /var/log/journal -mindepth 1 -delete 2>/dev/null || true
rm -rf /tmp/* /var/tmp/*
if command -v apt-get >/dev/null; then
  apt-get clean
  rm -rf /var/lib/apt/lists/*
fi

"$verify"
sync
