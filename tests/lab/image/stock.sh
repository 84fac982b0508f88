#!/usr/bin/env bash
# Runs inside the system: adds what a published image of Debian has for whoever logs in. The
# user and the key are cloud-init's work there; here a small unit does it.
set -euo pipefail

apt-get update -q
apt-get install -q -y --no-install-recommends openssh-server sudo libnss-myhostname
useradd --create-home --shell /bin/bash admin
echo 'admin ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/90-cloud-init-users
chmod 440 /etc/sudoers.d/90-cloud-init-users

install -m 755 /run/build/ssh-key /usr/local/sbin/lab-ssh-key
cat >/etc/systemd/system/lab-ssh-key.service <<'UNIT'
[Unit]
Description=Host keys, and the key pair of this instance
Before=ssh.service

[Service]
Type=oneshot
ExecStart=/usr/local/sbin/lab-ssh-key

[Install]
WantedBy=multi-user.target
UNIT
systemctl enable lab-ssh-key.service ssh.service
rm -f /etc/ssh/ssh_host_* /etc/machine-id
: >/etc/machine-id
