# shellcheck shell=bash
# What differs between building for this machine and for another one. Sourced after lib.sh.

# fail WORDS...: says why, and ends.
fail() {
  echo "$*" >&2
  exit 1
}

# The triple of this machine.
host_target() {
  rustc --version --verbose | sed -n 's/^host: //p'
}

# is_foreign TRIPLE: whether this machine's processor cannot run it.
is_foreign() {
  [ "${1%%-*}" != "$(uname -m)" ]
}

# has_target TRIPLE: whether the toolchain has its standard library.
has_target() {
  [ -d "$(rustc --print sysroot)/lib/rustlib/$1/lib" ]
}

# prepare_target TRIPLE: has what compiling for it takes, and tells cargo of the linker.
prepare_target() {
  local triple=$1 architecture=${1%%-*} prefix upper missing=() package
  [ "$triple" != "$(host_target)" ] || return 0
  prefix=$architecture-linux-gnu
  if ! has_target "$triple" && ! rustup target add "$triple" >&2; then
    fail "cannot build for $triple: its standard library is not there and cannot be had; with a connection to" \
      "Rust's distribution, rustup target add $triple brings it"
  fi
  is_foreign "$triple" || return 0
  for package in "gcc-${prefix/_/-}" "libc6-dev-$(debian_architecture "$architecture")-cross" qemu-user; do
    dpkg-query --show "$package" >/dev/null 2>&1 || missing+=("$package")
  done
  if [ ${#missing[@]} -gt 0 ]; then
    echo "installing ${missing[*]}" >&2
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >&2
  fi
  upper=${triple^^}
  upper=${upper//-/_}
  # The linker, the C compiler of crates that have C in them, and what runs a test.
  export "CARGO_TARGET_${upper}_LINKER=$prefix-gcc" "CC_${triple//-/_}=$prefix-gcc" \
    "CARGO_TARGET_${upper}_RUNNER=$(emulator "$architecture")"
}

# Debian's name of an architecture.
debian_architecture() {
  case $1 in
    x86_64) echo amd64 ;;
    aarch64) echo arm64 ;;
    *) fail "cannot build for $1: only x86_64 and aarch64 are known" ;;
  esac
}

# What runs a program of another architecture, with the C library that it was linked with.
emulator() {
  echo "qemu-$1 -L /usr/$1-linux-gnu"
}

# run_for TRIPLE PROGRAM...: runs it, emulated where it must be.
run_for() {
  local triple=$1 emulated=()
  shift
  ! is_foreign "$triple" || read -ra emulated <<<"$(emulator "${triple%%-*}")"
  "${emulated[@]}" "$@"
}

# The strip that knows the triple's programs.
strip_for() {
  if is_foreign "$1"; then echo "${1%%-*}-linux-gnu-strip"; else echo strip; fi
}

# The newest version of glibc that a program needs, by its symbols and by how it is relocated; 0 where it needs none.
glibc_needed() {
  readelf --version-info --wide "$1" | sed 's/GLIBC_ABI_DT_RELR/GLIBC_2.36/' |
    { grep -oE 'GLIBC_[0-9.]+' || echo GLIBC_0; } | sed 's/^GLIBC_//' | sort -V | tail -n 1
}
