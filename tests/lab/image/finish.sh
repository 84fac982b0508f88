#!/usr/bin/env bash
# Makes the top layer of an image: the provisioning scripts in Packer's order, with what only the
# lab adds in between. The seal comes last and checks the image, as on a real builder.
#   finish.sh baked|plain|dnf|vm
set -euo pipefail
build=/run/build
SWARMLET_STAGE=$build/stage "$build/provision/20-swarmlet.sh"
"$build/lab/lab.sh" "$1" "$build"
"$build/provision/80-manifest.sh"
"$build/provision/90-seal.sh"
