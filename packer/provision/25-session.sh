#!/usr/bin/env bash
# Installs the SSM agent, the way in to a machine without SSH: Amazon Linux's and Ubuntu's images bring it, Debian's do not.
#   SWARMLET_SSM_AGENT_VERSION   which, on Debian; left out there if empty
#   SWARMLET_SSM_AGENT_SOURCE    where from: what is there is VERSION/debian_ARCHITECTURE; the region's bucket of AWS if empty
set -euo pipefail
version=${SWARMLET_SSM_AGENT_VERSION:-} from=${SWARMLET_SSM_AGENT_SOURCE:-}
keys=${SWARMLET_STAGE:-/tmp/swarmlet}/keys/amazon-ssm-agent.asc

fail() {
  echo "cannot install the SSM agent: $*" >&2
  exit 1
}

[ "$(id -u)" -eq 0 ] || fail "this needs root"
# shellcheck source=/dev/null
source /etc/os-release
case $ID in
  debian) ;;
  *)
    command -v amazon-ssm-agent >/dev/null || [ -e /snap/bin/amazon-ssm-agent ] ||
      fail "the image of $ID has none, though AWS says that it brings it; take another source image"
    echo "the SSM agent is the distribution's"
    exit 0
    ;;
esac
if [ -z "$version" ]; then
  echo "the SSM agent is left out: nobody gets in by Session Manager; give ssm_agent_version to have it"
  exit 0
fi

metadata() {
  curl --fail --silent --show-error --max-time 5 --header "X-aws-ec2-metadata-token: $token" \
    "http://169.254.169.254/latest/meta-data/$1" || fail "instance metadata does not tell $1"
}

# As AWS documents it ("Manually installing SSM Agent on Debian Server instances"), with a version in place of "latest".
bucket() {
  local token region
  token=$(curl --fail --silent --show-error --max-time 5 --request PUT \
    --header 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token) ||
    fail "instance metadata does not answer; give ssm_agent_source where this is no instance"
  region=$(metadata placement/region)
  echo "https://s3.$region.$(metadata services/domain)/amazon-ssm-$region"
}

download() {
  curl --fail --silent --show-error --location --connect-timeout 10 --retry 3 --output "$scratch/$1" "$from/$1" ||
    fail "$from/$1: see above; without a way there give an ssm_agent_source," \
      "or an empty ssm_agent_version to leave the SSM agent out"
}

# gpgv reads the keys as they are in the blocks of the text.
keyring() {
  awk '/^-----BEGIN/ { head = 1; next } /^-----END/ || /^=/ { body = 0; print ""; next }
    head && /^$/ { head = 0; body = 1; next } body { printf "%s", $0 }' "$keys" |
    while read -r block; do
      [ -z "$block" ] || base64 --decode <<<"$block"
    done >"$scratch/keys.gpg"
}

# Signed by one of the keys that are known here. Those expire, what they have signed before does not.
verify() {
  local said
  said=$(gpgv --status-fd 1 --keyring "$scratch/keys.gpg" "$scratch/$file.sig" "$scratch/$file" 2>&1) || true
  grep --quiet --extended-regexp '^\[GNUPG:\] (GOODSIG|EXPKEYSIG) ' <<<"$said" ||
    fail "$file $version is not signed by a key of $keys: $said"
}

apt() {
  DEBIAN_FRONTEND=noninteractive apt-get --quiet --yes -o DPkg::Lock::Timeout=300 "$@"
}

[ -f "$keys" ] || fail "there is no $keys; scripts/stage lays it out"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
file=amazon-ssm-agent.deb
tools=()
for tool in gpgv curl; do
  command -v "$tool" >/dev/null || tools+=("$tool")
done
if [ ${#tools[@]} -gt 0 ]; then
  apt update
  apt install --no-install-recommends "${tools[@]}"
fi
[ -n "$from" ] || from=$(bucket)
from+=/$version/debian_$(dpkg --print-architecture)
download "$file"
download "$file.sig"
keyring
verify
found=$(dpkg-deb --field "$scratch/$file" Version)
# "latest" is a version there too, but not one that is pinned.
[[ $found == "$version" || $found == "$version"-* ]] || fail "what is there as $version is $found"
apt install --no-install-recommends "$scratch/$file"
systemctl enable amazon-ssm-agent.service
echo "the SSM agent $found is installed"
