#!/bin/sh
# %preun: before the files go. $1 is how many versions stay: 0 on a removal.
# The node stays in its swarm: `swarmlet leave` is how it leaves, and only its owner knows when.
if [ "$1" -eq 0 ]; then
  # Nobody would move the engine's labels at the next boot, and with labels in both places it would not start.
  [ ! -d /run/systemd/system ] || swarmlet mend-engine --withdraw || :
  systemctl --no-reload disable --now swarmlet-restart-engine.path swarmlet-announce.path swarmlet-clear-swarm.path \
    swarmlet-ready.path swarmlet-ready.service swarmlet.service swarmlet-prepare.service >/dev/null 2>&1 || :
  nft delete table inet swarmlet 2>/dev/null || :
fi
