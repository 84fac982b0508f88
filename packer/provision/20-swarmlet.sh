#!/usr/bin/env bash
# Installs swarmlet: the binary, its units, users and folders, the example configuration, and the
# checks of the image. Takes them from SWARMLET_STAGE, as scripts/stage lays them out.
set -euo pipefail
stage=${SWARMLET_STAGE:-/tmp/swarmlet}

fail() {
  echo "cannot install swarmlet: $*" >&2
  exit 1
}

[ "$(id -u)" -eq 0 ] || fail "this needs root"
[ -f "$stage/SHA256SUMS" ] || fail "$stage has no SHA256SUMS; make it with scripts/stage"
# Nothing is compiled here, so what arrives must be what was built and tested.
(cd "$stage" && sha256sum --check --strict --quiet SHA256SUMS) ||
  fail "$stage is not what scripts/stage made; upload it again"
[ -z "${SWARMLET_SHA256:-}" ] || echo "$SWARMLET_SHA256  $stage/swarmlet" | sha256sum --check --strict --quiet ||
  fail "the binary's checksum is not $SWARMLET_SHA256"

# Copies each existing file of a list into a folder.
put() {
  local mode=$1 folder=$2 file
  shift 2
  for file in "$@"; do
    [ ! -e "$file" ] || install -D -m "$mode" "$file" "$folder/$(basename "$file")"
  done
}

# Loads the rules of swarmlet-firewall.service. Debian and Ubuntu bring it, Amazon Linux does not.
if ! command -v nft >/dev/null; then
  if command -v apt-get >/dev/null; then
    apt-get --quiet update
    DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes -o DPkg::Lock::Timeout=300 install --no-install-recommends nftables
  else
    dnf --quiet --assumeyes --setopt=install_weak_deps=False install nftables
  fi || fail "nftables: see above"
fi

install -D -m 755 "$stage/swarmlet" /usr/bin/swarmlet
swarmlet --version || fail "the binary does not run here; is it one for $(uname -m)?"
put 644 /usr/lib/systemd/system "$stage"/systemd/*.{service,socket,timer,target,path,slice}
put 644 /usr/lib/systemd/system/docker.service.d "$stage"/systemd/docker.service.d/*.conf
put 644 /usr/lib/swarmlet "$stage"/systemd/firewall.nft
put 644 /usr/lib/systemd/system-preset "$stage"/systemd/*.preset
put 644 /usr/lib/sysusers.d "$stage"/systemd/sysusers.d/*.conf
put 644 /usr/lib/tmpfiles.d "$stage"/systemd/tmpfiles.d/*.conf
put 644 /etc/swarmlet "$stage"/systemd/config.toml
put 755 /usr/lib/swarmlet/checks "$stage"/checks/{verify,manifest}
put 644 /usr/lib/swarmlet/checks "$stage"/checks/assertions

systemd-sysusers
systemd-tmpfiles --create --prefix=/var/lib/swarmlet --prefix=/etc/swarmlet || true
# On images with SELinux a file moved here from a temporary folder keeps the wrong label, and
# systemd may not run it.
if command -v restorecon >/dev/null; then
  restorecon -R /usr/bin/swarmlet /usr/lib/swarmlet /usr/lib/systemd/system /etc/swarmlet /var/lib/swarmlet
fi
for unit in swarmlet-prepare.service swarmlet.service swarmlet-restart-engine.path swarmlet-announce.path swarmlet-clear-swarm.path swarmlet-ready.path; do
  [ ! -e "/usr/lib/systemd/system/$unit" ] || systemctl enable "$unit"
done
