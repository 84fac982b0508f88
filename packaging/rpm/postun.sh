#!/bin/sh
# %postun: after the files are gone. $1 is how many versions stay: 0 on a removal.
if [ "$1" -eq 0 ]; then
  rm -rf /run/swarmlet
  # The package holds the files in them and not the folders.
  rmdir /usr/share/doc/swarmlet /usr/share/licenses/swarmlet \
    /usr/lib/swarmlet/checks /usr/lib/swarmlet 2>/dev/null || :
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || :
    systemctl reset-failed 'swarmlet*' 2>/dev/null || :
  fi
fi
