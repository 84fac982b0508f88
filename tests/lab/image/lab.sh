#!/usr/bin/env bash
# What only the lab adds to an image. Runs inside it, after the provisioning scripts.
#   lab.sh baked|plain|stock|dnf|vm BUILD-FOLDER
set -euo pipefail
kind=$1 build=$2

# Hardware that a container does not have, and sysctls that would reach the host's kernel. A virtual machine has
# all of it; there is no mirror to upgrade from, for either.
while read -r unit; do
  [[ $kind != vm || $unit == apt-* ]] || continue
  ln -sf /dev/null "/etc/systemd/system/$unit"
done <"$build/lab/masked-units.txt"
[ "$kind" != vm ] || "$build/lab/vm.sh" "$build"

# Both of the agent's units read this: the standard variable that points an AWS SDK elsewhere.
mkdir -p /etc/swarmlet
echo 'AWS_ENDPOINT_URL=http://10.98.0.1:4566' >/etc/swarmlet/environment

if [ "$kind" = plain ] || [ "$kind" = stock ]; then
  install -D -m 644 "$build/repository/lab.asc" /etc/apt/keyrings/lab.asc
  cat >/etc/apt/sources.list.d/lab.sources <<'SOURCES'
Types: deb
URIs: http://10.98.0.1:8080/apt/
Suites: ./
Signed-By: /etc/apt/keyrings/lab.asc
SOURCES
fi

# Not before: until here it is Debian that the layers are made with.
if [ "$kind" = dnf ]; then
  rm -f /usr/bin/apt-get /etc/os-release
  cat >/etc/os-release <<'RELEASE'
NAME="Amazon Linux"
VERSION="2023"
ID="amzn"
ID_LIKE="fedora"
VERSION_ID="2023"
PLATFORM_ID="platform:al2023"
PRETTY_NAME="Amazon Linux 2023"
RELEASE
  install -D -m 644 "$build/rpm-repository/lab.asc" /etc/pki/rpm-gpg/lab.asc
  # The release is in the address, as in that of Amazon's list of mirrors.
  cat >/etc/yum.repos.d/amazonlinux.repo <<'REPO'
[amazonlinux]
name=Amazon Linux 2023 repository
baseurl=http://10.98.0.1:8080/rpm/$releasever/$basearch/
priority=10
gpgcheck=1
repo_gpgcheck=0
gpgkey=file:///etc/pki/rpm-gpg/lab.asc
REPO
fi
