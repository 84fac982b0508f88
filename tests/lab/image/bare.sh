#!/usr/bin/env bash
# An image without swarmlet, to compare with: the engine, the AWS CLI, and two units that run user
# data which is a script, as cloud-init does but without its cost.
#   bare.sh BUILD-FOLDER
set -euo pipefail
build=$1

apt-get update -q
apt-get install -q -y --no-install-recommends awscli

cat >/usr/local/sbin/fetch-user-data <<'SCRIPT'
#!/bin/sh
set -eu
imds=http://169.254.169.254/latest
token=$(curl -sf --retry 20 --retry-connrefused -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' "$imds/api/token")
curl -sf -H "X-aws-ec2-metadata-token: $token" -o /run/user-data "$imds/user-data" || echo true >/run/user-data
SCRIPT
chmod 755 /usr/local/sbin/fetch-user-data

# Fetched while the engine starts, run when it is up: cloud-init's stages, in the script's favour.
cat >/etc/systemd/system/fetch-user-data.service <<'UNIT'
[Unit]
Description=Fetch user data
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/sbin/fetch-user-data

[Install]
WantedBy=multi-user.target
UNIT
cat >/etc/systemd/system/user-data.service <<'UNIT'
[Unit]
Description=Run user data
Requires=fetch-user-data.service
After=fetch-user-data.service docker.service

[Service]
Type=oneshot
EnvironmentFile=-/etc/swarmlet/environment
ExecStart=/bin/bash /run/user-data
StandardOutput=journal+console
StandardError=journal+console

[Install]
WantedBy=multi-user.target
UNIT
systemctl enable docker.service fetch-user-data.service user-data.service

"$build/lab/lab.sh" bare "$build"
: >/etc/machine-id
rm -f /etc/hostname
apt-get clean
