#!/usr/bin/env bash
# Makes an rpm repository of the engine, signed, with the packages' names of Amazon Linux 2023.
#   rpm-repo.sh SYSTEM APT-REPOSITORY TARGET   -> TARGET/rpm (repository), TARGET/lab.asc (its key)
# The programs are those of Debian's packages: of Debian 13 where they run on Debian 12, as their
# version is nearer to Amazon's, and runc of Debian 12.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

if [ "${1:-}" != --inside ]; then
  system=$1 apt=$2 target=$3
  mkdir -p "$target"
  "$here/layer.sh" "$system" "$target/upper" --bind-ro "$here:/run/build" \
    --bind-ro "$apt:/run/apt" --bind "$target:/run/target" -- /run/build/rpm-repo.sh --inside
  rm -rf --one-file-system "$target/upper"
  exit
fi

apt-get update -q
apt-get install -q -y --no-install-recommends createrepo-c gpg gpg-agent
cd /tmp
apt-get -o APT::Sandbox::User=root download -q runc
for package in /run/apt/docker.io_*.deb /run/apt/docker-cli_*.deb /run/apt/containerd_*.deb runc_*.deb; do
  dpkg-deb --extract "$package" /tmp/debian
done
version() {
  # 26.1.5 of 26.1.5+dfsg1-9, and of 1:26.1.5~ds1
  dpkg-deb --field "$@" Version | sed 's/^[0-9]*://; s/[-+~].*//'
}

# The private key lives only as long as this script. RSA, which every rpm reads.
GNUPGHOME=$(mktemp -d)
export GNUPGHOME
end_agent() {
  gpgconf --kill gpg-agent
  # It goes on for a moment, in a folder that is about to be unmounted.
  while pidof -q gpg-agent; do sleep 0.1; done
  rm -rf "$GNUPGHOME"
}
trap end_agent EXIT
gpg --batch --quiet --passphrase '' --quick-gen-key 'swarmlet lab packages' rsa3072 sign 10y
gpg --batch --quiet --yes --armor --export --output /run/target/lab.asc

# The release that the machines are locked to.
release=$(rpm --query --queryformat '%{version}' system-release)
mkdir -p "/run/target/rpm/$release"
rpmbuild -bb --quiet --define '_topdir /tmp/rpmbuild' --define "_rpmdir /run/target/rpm/$release" \
  --define '_binary_payload w1.zstdio' --define 'debian /tmp/debian' \
  --define "docker $(version /run/apt/docker.io_*.deb)" \
  --define "containerd $(version /run/apt/containerd_*.deb)" \
  --define "runc $(version runc_*.deb)" /run/build/engine.spec
find /run/target/rpm -name '*.rpm' -exec \
  rpmsign --define '__gpg /usr/bin/gpg' --define '_gpg_name swarmlet lab packages' --addsign {} +
createrepo_c --quiet "/run/target/rpm/$release/$(uname -m)"
