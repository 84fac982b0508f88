#!/usr/bin/env bash
# Tells where this machine gets Debian from, out of its own apt configuration.
#   source mirror.sh; debian_mirror Debian; debian_mirror Debian-Security
# LAB_DEBIAN_MIRROR and LAB_DEBIAN_SECURITY_MIRROR override what apt says.

# Prints the address of the archive whose Release file carries the given label.
debian_mirror() {
  local label=$1 found
  if [ "$label" = Debian ] && [ -n "${LAB_DEBIAN_MIRROR:-}" ]; then
    echo "$LAB_DEBIAN_MIRROR"
    return
  fi
  if [ "$label" = Debian-Security ] && [ -n "${LAB_DEBIAN_SECURITY_MIRROR:-}" ]; then
    echo "$LAB_DEBIAN_SECURITY_MIRROR"
    return
  fi
  # shellcheck disable=SC2016  # the $(…) are apt's own fields
  found=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN)/$(LABEL)' 'Created-By: Packages' |
    awk -v want="Debian/$label" '$2 == want { print $1; exit }')
  if [ -z "$found" ]; then
    echo "cannot find a $label mirror: apt on this machine has none; run apt-get update," \
      "or set LAB_DEBIAN_MIRROR and LAB_DEBIAN_SECURITY_MIRROR" >&2
    return 1
  fi
  echo "${found%/}"
}

# Writes apt sources for a suite of Debian from those mirrors.
debian_sources() {
  local suite=$1 main security valid=yes
  main=$(debian_mirror Debian)
  security=$(debian_mirror Debian-Security)
  # The lists of what is no release yet say that they are good for a week: a mirror may be older than that.
  [ "$suite" != forky ] || valid=no
  cat <<SOURCES
Types: deb
URIs: $main
Suites: $suite $suite-updates
Components: main
Check-Valid-Until: $valid
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: $security
Suites: $suite-security
Components: main
Check-Valid-Until: $valid
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
SOURCES
}
