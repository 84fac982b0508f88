#!/usr/bin/env bash
# Runs inside Debian 12 and gives it what Amazon Linux 2023 has: dnf 4.14, the same version, over an
# rpm database, set up as there. systemd is 252 on both. It stays Debian below, which rpm knows
# nothing of: packages that depend on the system's own cannot be installed.
set -euo pipefail
# Every image is locked to one release of the repositories.
release=2023.9.20251117

apt-get update -q
apt-get install -q -y --no-install-recommends dnf rpm man-db

# Debian keeps the database in the home folder, so that none is taken for the system's.
mkdir -p /etc/rpm /etc/yum.repos.d
echo '%_dbpath /var/lib/rpm' >/etc/rpm/macros
rpm --initdb

# As Amazon Linux has it, and not as Debian: one repository that fails ends the command.
cat >/etc/dnf/dnf.conf <<'CONF'
[main]
gpgcheck=1
installonly_limit=3
clean_requirements_on_remove=True
best=True
skip_if_unavailable=False
CONF
rpmbuild -bb --quiet --define '_topdir /tmp/rpmbuild' --define "image_release $release" \
  /run/build/system-release.spec
rpm --install --force-debian /tmp/rpmbuild/RPMS/noarch/system-release-*.rpm

# Nothing is enabled by being installed.
mkdir -p /usr/lib/systemd/system-preset
echo 'disable *' >/usr/lib/systemd/system-preset/99-default-disable.preset
