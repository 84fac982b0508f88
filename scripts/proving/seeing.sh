# shellcheck shell=bash
# What is seen of the cluster: its groups' members from Auto Scaling, the swarm from what a manager writes on its console
# (on-instances.sh).
# shellcheck disable=SC2034,SC2154  # other parts set and use these

# Members as `id=state`, a word each; the ids that must not be among them; what was seen last, for people.
members_manager='' members_worker='' without='' now=nothing
# Of the last whole swarm: its id, its leader's instance.
swarm='' leader=''
# Between two looks, in seconds; a process that is waited for; why the course was stopped.
pause=5 running='' stopped=''

# until_so SECONDS COMMAND...: looks until it is so. False, with why in $seen, when it takes longer, or time or money is up.
until_so() {
  local limit=$1 end=$((SECONDS + $1))
  shift
  until "$@"; do
    if stopped=$(must_stop); then
      seen="stopped: $stopped; last seen: $now"
      return 1
    elif [ "$SECONDS" -gt "$end" ]; then
      stopped='' seen="not so after $limit s; last seen: $now"
      return 1
    fi
    stopped=''
    sleep "$pause"
  done
}

# child COMMAND...: runs it in a process group of its own, so that all of it can be ended: by time, by money, or by a signal.
child() {
  local status=0
  set -m
  "$@" </dev/null &
  running=$!
  set +m
  while kill -0 "$running" 2>/dev/null; do
    if stopped=$(must_stop); then
      end_child
      return 1
    fi
    sleep 2
  done
  stopped=''
  wait "$running" || status=$?
  running=''
  return "$status"
}

# It may have to clear up first, as Packer does.
end_child() {
  [ -n "$running" ] || return 0
  kill -TERM -- "-$running" 2>/dev/null || true
  wait "$running" 2>/dev/null || true
  running=''
}

look_at_groups() {
  local told name list
  members_manager='' members_worker=''
  ask told autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$cluster-manager" "$cluster-worker" \
    --query "AutoScalingGroups[].[AutoScalingGroupName,join(',',Instances[].join('=',[InstanceId,LifecycleState]))]" ||
    { now="Auto Scaling said: $refusal"; return 1; }
  while read -r name list; do
    case $name in
      "$cluster-manager") members_manager=${list//,/ } ;;
      "$cluster-worker") members_worker=${list//,/ } ;;
    esac
  done <<<"$told"
  count_instances "$(count "$members_manager $members_worker")"
  now="managers $(told_of "$members_manager"), workers $(told_of "$members_worker")"
}

# count WORDS: how many there are.
count() {
  local words=()
  read -ra words <<<"${1//$'\n'/ }"
  echo "${#words[@]}"
}

a_line_each() {
  tr ' ' '\n' <<<"$1"
}

# How many members are in which state, as `3 InService, 1 Pending:Wait`.
told_of() {
  local states
  states=$(a_line_each "$1" | sed -n 's/.*=//p' | sort | uniq -c | sed 's/^ *//')
  states=${states//$'\n'/, }
  echo "${states:-none}"
}

# ids WORDS: of members, without their states.
ids() {
  a_line_each "$1" | sed 's/=.*//'
}

in_service() {
  a_line_each "$1" | sed -n 's/=InService$//p'
}

# is_whole MANAGERS WORKERS: so many members, all in service, none of those in $without, and one swarm of just them.
is_whole() {
  local id
  look_at_groups || return 1
  for id in $without; do
    [[ " $members_manager $members_worker " != *" $id="* ]] || return 1
  done
  [ "$(count "$members_manager") $(count "$members_worker")" = "$1 $2" ] || return 1
  [ "$(count "$(in_service "$members_manager $members_worker")")" -eq $(($1 + $2)) ] || return 1
  for id in $(in_service "$members_manager"); do
    if says PROOF "$id" && is_of_members "$heard"; then
      return 0
    fi
  done
  now+="; a manager says: ${heard:-nothing}"
  return 1
}

# says WORD INSTANCE: the last whole line of this kind on its console, into $heard.
says() {
  local text
  heard=''
  ask text ec2 get-console-output --instance-id "$2" --latest --query Output || return 1
  # Where it has broken off, or something was written in between, the line before counts.
  heard=$(tr -d '\r' <<<"$text" | sed -n "s/^\($1 .* END\)\$/\1/p" | tail -n 1)
  [ -n "$heard" ]
}

# Whether a line names just the members, each ready and active, the managers reachable; then it is what $swarm and $leader say.
is_of_members() {
  local entry id state availability part list found='' lead=''
  list=${1#* nodes=}
  list=${list%% *}
  for entry in ${list//,/ }; do
    IFS='=' read -r id state availability part <<<"$entry"
    [ "$state $availability" = 'ready active' ] || return 1
    case $part in
      leader | reachable) [[ " $members_manager " == *" $id=InService "* ]] || return 1 ;;
      -) [[ " $members_worker " == *" $id=InService "* ]] || return 1 ;;
      *) return 1 ;;
    esac
    [ "$part" != leader ] || lead=$id
    [[ " $found " != *" $id "* ]] || return 1
    found+="$id "
  done
  [ -n "$lead" ] && [ "$(count "$found")" -eq "$(count "$members_manager $members_worker")" ] || return 1
  leader=$lead swarm=${1#* swarm=}
  swarm=${swarm%% *}
}

# The newest epoch of which there is a record; docs/protocol.md says what that is.
epoch() {
  local names
  ask names ssm get-parameters-by-path --path "/swarmlet/$cluster/epochs" --recursive --query 'Parameters[].Name' || return 1
  tr -s '[:space:]' '\n' <<<"$names" | sed -n 's|.*/epochs/\([0-9]*\)/.*|\1|p' | sort -n | tail -n 1
}
