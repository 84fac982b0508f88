#!/usr/bin/env bash
# Switches cloud-init on, with the EC2 datasource that it has on AWS. Runs inside a finished image.
set -euo pipefail
build=/run/build

rm -f /etc/cloud/cloud-init.disabled

# In a container cloud-init looks at no firmware tables, so neither its generator nor the datasource can
# tell that this is EC2. The list has one entry, on one line: the generator then takes it as it stands.
cat >/etc/cloud/cloud.cfg.d/90_lab.cfg <<'CONFIG'
datasource_list: [ Ec2 ]
datasource_pkg_list: [ lab_datasource ]
datasource: { Ec2: { strict_id: false } }
network: { config: disabled }
CONFIG

packages=$(python3 -c 'import site; print(site.getsitepackages()[-1])')
install -D -m 644 "$build/datasource.py" "$packages/lab_datasource/DataSourceEc2.py"
touch "$packages/lab_datasource/__init__.py"

# It looks up names that must not exist. The lab has no name server, and the kernel answers for it only so many
# times a second: without this a look-up waits ten seconds.
install -d /etc/systemd/system/cloud-init-main.service.d
cat >/etc/systemd/system/cloud-init-main.service.d/lab.conf <<'UNIT'
[Service]
Environment="RES_OPTIONS=timeout:1 attempts:1"
UNIT
