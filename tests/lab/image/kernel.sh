#!/usr/bin/env bash
# Runs inside an image that a virtual machine boots: Debian's kernel for clouds, with its modules. What the root
# is on is built into it, so it boots without an initial file system in memory.
set -euo pipefail

apt-get update -q
INITRD=No apt-get install -q -y --no-install-recommends "linux-image-cloud-$(dpkg --print-architecture)"
