#!/usr/bin/env bash
# Writes down what the image is made of: /usr/share/swarmlet/manifest.json.
set -euo pipefail
manifest=/usr/lib/swarmlet/checks/manifest

if [ ! -x "$manifest" ]; then
  echo "cannot write the manifest: $manifest is missing; 20-swarmlet.sh installs it" >&2
  exit 1
fi
mkdir -p /usr/share/swarmlet
"$manifest" >/usr/share/swarmlet/manifest.json
chmod 644 /usr/share/swarmlet/manifest.json
cat /usr/share/swarmlet/manifest.json
