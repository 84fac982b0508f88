#!/bin/sh
# %post: after the files are in place. $1 is how many versions are installed: 2 on an upgrade.

systemd-tmpfiles --create swarmlet.conf >/dev/null 2>&1 || :

# Enabled by the preset that the package has, not started: the next boot starts them, also in an
# image that is only being built. What an administrator has disabled stays so on an upgrade.
if [ "$1" -eq 1 ]; then
  systemctl --no-reload preset swarmlet-prepare.service swarmlet.service \
    swarmlet-restart-engine.path swarmlet-announce.path swarmlet-clear-swarm.path swarmlet-ready.path >/dev/null 2>&1 || :
fi

# What runs is restarted, on an installation too: the machine's image may have brought it without a
# package. An agent that ends without being told to depart does not leave its swarm, and no task notices.
# Queued, not waited for: an agent may wait for its swarm for long. Neither the engine nor what
# readies the host is restarted.
if [ -d /run/systemd/system ]; then
  systemctl daemon-reload || :
  systemctl --no-block try-restart \
    swarmlet-restart-engine.path swarmlet-announce.path swarmlet-clear-swarm.path swarmlet-ready.path \
    swarmlet.service swarmlet-ready.service || :
  # It makes nobody a node, and the engine may run for long before it loads the rules itself.
  systemctl --no-block start swarmlet-firewall.service || :
fi
