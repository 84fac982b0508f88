# shellcheck shell=bash
# The course: step by step, each until the cluster is whole again. The first that does not end as it should is the last.
# shellcheck disable=SC2034,SC2154  # the options, and what other parts have found

# A line a step: name, ok or FAILED, seconds, what was seen. Which steps failed, and whether that was the end.
results='' broken='' over=no seen=''

follow_course() {
  [ "$lab" = no ] || pause=2
  step image step_image
  step stack step_stack
  step whole step_whole
  step facts step_facts
  step scale-out step_scale_out
  is_skipped spot || step spot step_spot
  is_skipped refresh || step refresh step_refresh
  step scale-in step_scale_in
  is_skipped leader || step leader step_leader
  is_skipped managers || step managers step_managers
}

step() {
  local started=$SECONDS state=ok
  [ "$over" = no ] || return 0
  seen=''
  printf '\n== %s\n' "$1"
  if ! "$2"; then
    state=FAILED broken+=" $1"
  fi
  note_result "$1" "$state" $((SECONDS - started)) "$seen"
  [ "$state" = ok ] || is_whole_all_the_same "$1" || over=yes
}

# No spot capacity, or no interruption, says nothing of the cluster: the course goes on.
is_whole_all_the_same() {
  [ "$1" = spot ] && [ -z "$stopped" ] && until_so 1200 is_whole 3 4
}

note_result() {
  results+="$1"$'\t'"$2"$'\t'"$3"$'\t'"${4//[$'\t\n']/ }"$'\n'
  printf '== %s: %s, %s s: %s (so far $%s at most)\n' "$1" "$2" "$3" "$4" "$(cost_so_far)"
}

# launch IMAGE OPTION...: scripts/launch, as all of this wants it.
launch() {
  local words=(--cluster "$cluster" --region "$region" --image "$1" --managers 3 --workers 3 --manager-type "$type"
    --worker-type "$type" --set WorkerMax=4 --set "RootVolumeSize=$volume_gib" --set "UserData=@$here/proving/on-instances.sh")
  [ -z "$vpc" ] || words+=(--vpc "$vpc")
  [ -z "$subnets" ] || words+=(--subnets "$subnets")
  [ "$any_zones" = no ] || words+=(--any-zones)
  [ "$spot" = 0 ] || words+=(--spot 100 --set OnDemandBase=2)
  "$here/launch" ${words[@]+"${words[@]}"} "${@:2}"
}

step_stack() {
  besides+=" + $(cost_of stack)"
  count_instances 6
  child launch "$image" --no-wait || { seen="${stopped:-scripts/launch failed, see above}"; return 1; }
  look_at_groups || true
  answer 'creation waits for the launching hook' \
    "$(count "$(in_service "$members_manager $members_worker")") of 6 instances were in service when the stack was complete"
  seen='created'
}

step_whole() {
  until_so 1500 is_whole 3 3 || return 1
  seen='three managers and three workers, ready and active'
}

step_scale_out() {
  resize 4 && until_so 1200 is_whole 3 4 || return 1
  seen='a fourth worker is in the swarm'
}

step_scale_in() {
  resize 2 && until_so 1800 is_whole 3 2 || return 1
  seen='two workers left, and their entries are gone'
}

resize() {
  ask _ autoscaling set-desired-capacity --auto-scaling-group-name "$cluster-worker" --desired-capacity "$1" ||
    { seen="cannot set the size: $refusal"; return 1; }
}

# An update of the stack that makes all instances old: their volumes get larger.
step_refresh() {
  local before name own=$swarm words=()
  before="$(ids "$members_manager") $(ids "$members_worker")"
  most_workers=0 most_staying=0
  ask name cloudformation describe-stacks --stack-name "$cluster" --query 'Stacks[0].Parameters[].ParameterKey' ||
    { seen="cannot read the stack: $refusal"; return 1; }
  for name in $name; do
    [ "$name" = RootVolumeSize ] || words+=("ParameterKey=$name,UsePreviousValue=true")
  done
  ask _ cloudformation update-stack --stack-name "$cluster" --use-previous-template --capabilities CAPABILITY_IAM \
    --parameters "ParameterKey=RootVolumeSize,ParameterValue=$((volume_gib + 1))" ${words[@]+"${words[@]}"} ||
    { seen="cannot update the stack: $refusal"; return 1; }
  until_so 5400 is_updated || return 1
  without=$before
  until_so 1200 is_whole 3 4 || return 1
  answer 'a group at its maximum in a refresh' "of workers, 4 by WorkerMax, there were $most_workers at most, of them not leaving $most_staying at most"
  [ "$swarm" = "$own" ] || { seen="it is another swarm: $swarm, not $own"; return 1; }
  seen="all seven replaced, in the same swarm"
}

is_updated() {
  local status all staying
  look_at_groups || return 1
  all=$(count "$members_worker")
  staying=$((all - $(a_line_each "$members_worker" | grep -c =Terminating || true)))
  [ "$all" -le "$most_workers" ] || most_workers=$all
  [ "$staying" -le "$most_staying" ] || most_staying=$staying
  ask status cloudformation describe-stacks --stack-name "$cluster" --query 'Stacks[0].StackStatus' || return 1
  now="the stack is $status; $now"
  [ "$status" = UPDATE_COMPLETE ]
}

step_leader() {
  local own=$swarm spent
  spent=$(epoch)
  terminate "$leader" && until_so 1800 is_whole 3 2 || return 1
  [ "$swarm" = "$own" ] || { seen="it is another swarm: $swarm, not $own"; return 1; }
  [ "$(epoch)" = "$spent" ] || { seen='an epoch was spent'; return 1; }
  seen='replaced and promoted, in the same swarm and epoch'
}

# No person is asked for this one: nothing is left that could be lost (docs/protocol.md, "All managers gone").
step_managers() {
  local own=$swarm spent
  spent=$(epoch)
  # shellcheck disable=SC2046  # a word each
  terminate $(ids "$members_manager") && until_so 2400 is_whole 3 2 || return 1
  [ "$swarm" != "$own" ] || { seen='the swarm of the terminated managers lives'; return 1; }
  [ "$(epoch)" -gt "$spent" ] || { seen="no new epoch: $(epoch)"; return 1; }
  seen='a new swarm in the next epoch, and the workers moved over'
}

terminate() {
  without=$*
  ask _ ec2 terminate-instances --instance-ids "$@" || { seen="cannot terminate $*: $refusal"; return 1; }
}
