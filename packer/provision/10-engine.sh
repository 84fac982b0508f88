#!/usr/bin/env bash
# Installs Docker Engine, its client and the Compose plugin, or leaves that to the first boot.
#   SWARMLET_ENGINE           baked (default), or boot
#   SWARMLET_ENGINE_VERSION   as it begins: 26, 26.1, 26.1.5; the newest if empty
#   SWARMLET_COMPOSE_VERSION  the same for Compose
#   SWARMLET_COMPOSE_SHA256   its checksum, where Compose is no package (Amazon Linux): of another version than the pinned one
set -euo pipefail

fail() {
  echo "cannot install the engine: $*" >&2
  exit 1
}

[ "$(id -u)" -eq 0 ] || fail "this needs root"
case ${SWARMLET_ENGINE:-baked} in
  baked) ;;
  boot)
    echo "the engine is left to the first boot"
    exit 0
    ;;
  *) fail "SWARMLET_ENGINE is $SWARMLET_ENGINE, which is neither baked nor boot" ;;
esac

# shellcheck source=/dev/null
source /etc/os-release
compose=''
case $ID-${VERSION_ID:-} in
  # Here the client is in docker.io, and docker-compose is the old program, no plugin.
  debian-1[0-2]) engine=(docker.io) ;;
  debian-*) engine=(docker.io docker-cli) compose=docker-compose ;;
  ubuntu-*) engine=(docker.io) compose=docker-compose-v2 ;;
  amzn-2023*) engine=(docker) ;;
  *) fail "no package names known for $ID ${VERSION_ID:-}; add them to 10-engine.sh" ;;
esac

apt() {
  DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes -o DPkg::Lock::Timeout=300 "$@"
}

# Prints PACKAGE=VERSION for the newest version that begins with the wanted one, at a border of
# its parts: 26.1 is 26.1.5, never 26.10.
apt_pin() {
  local package=$1 wanted=$2 found
  if [ -z "$wanted" ]; then
    echo "$package"
    return
  fi
  found=$(apt-cache madison "$package" | awk -v want="$wanted" '{
    plain = $3; sub(/^[0-9]+:/, "", plain); rest = substr(plain, length(want) + 1)
    if (!found && index(plain, want) == 1 && rest !~ /^[0-9]/) { print $3; found = 1 }
  }')
  [ -n "$found" ] || fail "there is no $package $wanted; apt-cache madison $package lists what there is"
  echo "$package=$found"
}

install_with_apt() {
  local packages=() package
  apt update
  for package in "${engine[@]}"; do
    packages+=("$(apt_pin "$package" "${SWARMLET_ENGINE_VERSION:-}")")
  done
  if [ -n "$compose" ]; then
    packages+=("$(apt_pin "$compose" "${SWARMLET_COMPOSE_VERSION:-}")")
  fi
  apt install --no-install-recommends "${packages[@]}"
  # What was pinned stays: automatic upgrades leave it alone.
  [ -z "${SWARMLET_ENGINE_VERSION:-}" ] || apt-mark hold "${engine[@]}"
  [ -z "${SWARMLET_COMPOSE_VERSION:-}" ] || [ -z "$compose" ] || apt-mark hold "$compose"
  apt clean
}

install_with_dnf() {
  local version=${SWARMLET_ENGINE_VERSION:-}
  # No upgrades happen by themselves there: a release of Amazon Linux 2023 stays at its packages.
  dnf --quiet --assumeyes --setopt=install_weak_deps=False install "${engine[0]}${version:+-$version*}" ||
    fail "dnf has no ${engine[0]} ${version}; dnf --showduplicates list ${engine[0]} lists what there is"
  dnf --quiet clean all
}

# Amazon Linux has no package of Compose: Docker documents its own releases for that. What is taken if nothing else is given
# is here and nowhere else; the checksums are those of Docker's official image.
compose_pinned=5.4.0
compose_pinned_sha256() {
  case $(uname -m) in
    x86_64) echo 837fd1d35bf6a494f41b5b5988269a7be79de337cf1a1a6ff0e45ab51bb4e9be ;;
    aarch64) echo fc5d1371f1ec7987e703da94ede49af3fbfb240b83f22991a98511de7bc4b93b ;;
  esac
}

download_compose() {
  local version=${SWARMLET_COMPOSE_VERSION:-$compose_pinned} sum=${SWARMLET_COMPOSE_SHA256:-} file from
  file=/usr/libexec/docker/cli-plugins/docker-compose
  from=https://github.com/docker/compose/releases/download/v$version/docker-compose-linux-$(uname -m)
  [ "$version" != "$compose_pinned" ] || sum=${sum:-$(compose_pinned_sha256)}
  [ -n "$sum" ] || fail "Compose $version comes without a checksum; set compose_sha256"
  mkdir -p "$(dirname "$file")"
  if ! curl --fail --silent --show-error --location --connect-timeout 10 --retry 3 --output "$file.new" "$from"; then
    rm -f "$file.new"
    [ -z "${SWARMLET_COMPOSE_VERSION:-}" ] || fail "$from: see above"
    # Nothing of a swarm needs it.
    echo "Compose is left out: it is no package here, and there is no way to $from"
    return
  fi
  echo "$sum  $file.new" | sha256sum --check --strict --quiet || fail "Compose $version has another checksum than $sum"
  chmod 755 "$file.new"
  mv "$file.new" "$file"
}

if command -v apt-get >/dev/null; then
  install_with_apt
else
  install_with_dnf
  download_compose
fi
dockerd --version
