#!/usr/bin/env bash
# Makes a signed apt repository of the engine's packages and all they need beyond the base image.
#   repo.sh BASE TARGET   -> TARGET/apt (flat repository), TARGET/lab.asc (the key it is signed with), TARGET/ssm
# Machines of the plain image install the engine from it, as a machine on AWS does from its mirror;
# man-db shows the package's manual pages. In ssm is what stands in for the SSM agent, whose own place AWS has: a package of
# that name with a service that does nothing, laid out and signed as theirs.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
base=$1 target=$2
packages=(docker.io docker-cli docker-compose man-db gpgv)
mkdir -p "$target/apt" "$target/debs/partial"

"$here/layer.sh" "$base" "$target/upper" --bind "$target/debs:/run/debs" -- sh -c "
  apt-get update -q &&
  apt-get install -q -y --no-install-recommends --download-only \
    -o Dir::Cache::archives=/run/debs -o APT::Sandbox::User=root -o APT::Keep-Downloaded-Packages=true ${packages[*]}"
mv "$target"/debs/*.deb "$target/apt/"
rm -rf --one-file-system "$target/debs" "$target/upper"

cd "$target/apt"
dpkg-scanpackages --multiversion . >Packages 2>/dev/null
gzip --keep --force Packages
apt-ftparchive -o APT::FTPArchive::Release::Origin=lab -o APT::FTPArchive::Release::Label=lab release . >../Release
mv ../Release Release

# The private key lives only as long as this script.
GNUPGHOME=$(mktemp -d)
export GNUPGHOME
trap 'gpgconf --kill gpg-agent; rm -rf "$GNUPGHOME"' EXIT
gpg --batch --quiet --passphrase '' --quick-gen-key 'swarmlet lab repository' ed25519 sign 10y
gpg --batch --quiet --yes --clearsign --output InRelease Release
gpg --batch --quiet --yes --armor --export --output "$target/lab.asc"

agent=$target/ssm/3.3.0.0/debian_amd64
root=$(mktemp -d)
trap 'gpgconf --kill gpg-agent; rm -rf "$GNUPGHOME" "$root"' EXIT
mkdir -p "$agent" "$root"/{DEBIAN,usr/bin,lib/systemd/system}
cat >"$root/DEBIAN/control" <<'CONTROL'
Package: amazon-ssm-agent
Version: 3.3.0.0-1
Architecture: amd64
Maintainer: lab <lab@localhost>
Description: Stands in for the SSM agent
CONTROL
cat >"$root/lib/systemd/system/amazon-ssm-agent.service" <<'UNIT'
[Unit]
Description=Stands in for the SSM agent
[Service]
ExecStart=/usr/bin/amazon-ssm-agent
[Install]
WantedBy=multi-user.target
UNIT
cat >"$root/usr/bin/amazon-ssm-agent" <<'PROGRAM'
#!/bin/sh
if [ "$1" = -version ]; then echo "SSM Agent version: 3.3.0.0"; else exec sleep infinity; fi
PROGRAM
chmod 755 "$root" "$root/usr/bin/amazon-ssm-agent"
dpkg-deb --root-owner-group --build "$root" "$agent/amazon-ssm-agent.deb" >/dev/null
gpg --batch --quiet --yes --detach-sign --output "$agent/amazon-ssm-agent.deb.sig" "$agent/amazon-ssm-agent.deb"
