#!/usr/bin/env bash
# What only a virtual machine of the lab has. Runs inside its image, after lab.sh.
#   vm.sh BUILD-FOLDER
set -euo pipefail
build=$1

# As an instance gets its address.
cat >/etc/systemd/network/10-lab.network <<'NETWORK'
[Match]
Driver=virtio_net

[Network]
DHCP=ipv4
LinkLocalAddressing=no
NETWORK
systemctl enable systemd-networkd.service

# The way in that `lab exec` takes, which needs no network.
install -D -m 644 "$build/lab/guest.py" /usr/local/lib/lab/guest.py
echo virtio_console >/etc/modules-load.d/lab.conf
cat >/etc/systemd/system/lab-guest.service <<'UNIT'
[Unit]
Description=Commands of the lab
DefaultDependencies=no
After=systemd-remount-fs.service systemd-modules-load.service systemd-tmpfiles-setup.service systemd-udevd.service
Before=shutdown.target
Conflicts=shutdown.target

[Service]
ExecStart=/usr/bin/python3 -u /usr/local/lib/lab/guest.py
Environment=PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 TERM=dumb
UnsetEnvironment=INVOCATION_ID JOURNAL_STREAM SYSTEMD_EXEC_PID MEMORY_PRESSURE_WATCH MEMORY_PRESSURE_WRITE
OOMScoreAdjust=-900
OOMPolicy=continue
TasksMax=infinity
Restart=always

[Install]
WantedBy=sysinit.target
UNIT
systemctl enable lab-guest.service
