#!/bin/sh
# User data of the cluster that scripts/prove-on-aws makes: has each instance write on its console, every ten seconds, what
# its engine says of the swarm. Whoever may read the console (ec2:GetConsoleOutput) sees it, on any image with cloud-init:
# it takes neither an agent, nor a port, nor a permission of the instance's. No secret is in it.
set -eu
cat >/usr/local/sbin/swarmlet-proof <<'SCRIPT'
#!/bin/sh
node='{{index .Spec.Labels "swarmlet.instance-id"}}={{.Status.State}}={{.Spec.Availability}}={{if .ManagerStatus}}{{if .ManagerStatus.Leader}}leader{{else}}{{.ManagerStatus.Reachability}}{{end}}{{else}}-{{end}}'

# Whether the kernel has it, loaded, built in or to be loaded.
has() {
  if modprobe --dry-run --quiet "$1" 2>/dev/null || grep -q "^$1 " /proc/modules; then echo yes; else echo no; fi
}

facts() {
  . /etc/os-release
  said=$(swarmlet doctor 2>/dev/null | grep ' permissions ' | tr -s ' ' | tr '\n;' '; ' || true)
  echo "PROOF-FACTS os=$ID-${VERSION_ID:-} kernel=$(uname -r) engine=$(docker version --format '{{.Server.Version}}' 2>/dev/null || echo none) ip_vs=$(has ip_vs) vxlan=$(has vxlan) permissions=${said% } END"
}

swarm() {
  id=$(docker info --format '{{.Swarm.Cluster.ID}}' 2>/dev/null) || return 0
  nodes=$(docker node ls --quiet 2>/dev/null) && [ -n "$nodes" ] || return 0
  list=$(docker node inspect --format "$node" $nodes 2>/dev/null | tr '\n' ',') || return 0
  echo "PROOF $(date +%s) swarm=$id nodes=$list END"
}

turn=0
while true; do
  # A line of its own, whatever stood on the console before.
  { echo; swarm; [ $((turn % 12)) -ne 3 ] || facts; } >/dev/console 2>/dev/null
  turn=$((turn + 1))
  sleep 10
done
SCRIPT
chmod 755 /usr/local/sbin/swarmlet-proof
systemd-run --unit=swarmlet-proof --property=Restart=always /usr/local/sbin/swarmlet-proof
