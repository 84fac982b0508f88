# shellcheck shell=bash
# Auto Scaling groups: have those of managers the hooks that a swarm rests on, and who in them is protected from
# scale-in? What is said here for people is in docs/install.md too.
# shellcheck disable=SC2154  # the options, and what other parts have found

# manager_groups VARIABLE: the one of the template's name, and those that managers of the cluster are in, whoever made them.
manager_groups() {
  local named joined
  ask named autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$cluster-manager" \
    --query 'AutoScalingGroups[].AutoScalingGroupName' || return 1
  ask joined ec2 describe-instances --filters "Name=tag:swarm:cluster,Values=$cluster" Name=tag:swarm:role,Values=manager \
    Name=instance-state-name,Values=pending,running,stopping,stopped \
    --query "Reservations[].Instances[].Tags[?Key=='aws:autoscaling:groupName'].Value[]" || joined=''
  printf -v "$1" %s "$(tr -s '[:space:]' '\n' <<<"$named $joined" | grep . | sort -u || true)"
}

check_hooks() {
  local groups group found
  if ! manager_groups groups; then
    note "cannot tell which groups the managers are in: ${refusal#An error occurred }"
    return
  fi
  for group in $groups; do
    if ! ask found autoscaling describe-lifecycle-hooks --auto-scaling-group-name "$group" \
      --query 'LifecycleHooks[].LifecycleTransition'; then
      note "cannot tell whether the group $group has lifecycle hooks: ${refusal#An error occurred }"
      continue
    fi
    [[ $found == *EC2_INSTANCE_TERMINATING* ]] || lacks_terminating "$group"
    [[ $found == *EC2_INSTANCE_LAUNCHING* ]] || lacks_launching "$group"
  done
}

# The same of a stack that is to be made.
check_timeouts() {
  [ "${parameter_TerminatingTimeout-}" != 0 ] || lacks_terminating "$cluster-manager"
  [ "${parameter_LaunchingTimeout-}" != 0 ] || lacks_launching "$cluster-manager"
}

lacks_terminating() {
  loudly "the managers' group $1 has no terminating hook: Auto Scaling ends a manager while it is one, with its tasks." \
    "An update, a refresh or a smaller group can take the majority, and with it the swarm. The agents can only protect" \
    "managers from scale-in, which does nothing against a termination by hand, by health or by spot." \
    "Set TerminatingTimeout (a stack of this template), or: aws autoscaling put-lifecycle-hook" \
    "--auto-scaling-group-name $1 --lifecycle-hook-name swarmlet-terminating --lifecycle-transition" \
    "autoscaling:EC2_INSTANCE_TERMINATING --heartbeat-timeout 300 --default-result CONTINUE"
}

lacks_launching() {
  loudly "the managers' group $1 has no launching hook: a new instance counts as soon as it runs, before it is a manager." \
    "An update or a refresh ends the next manager then, faster than new ones join: the majority can be lost." \
    "Set LaunchingTimeout (a stack of this template), or: aws autoscaling put-lifecycle-hook" \
    "--auto-scaling-group-name $1 --lifecycle-hook-name swarmlet-launching --lifecycle-transition" \
    "autoscaling:EC2_INSTANCE_LAUNCHING --heartbeat-timeout 900 --default-result ABANDON"
}

# Who is protected holds the deletion of a stack up, until it fails after an hour or so.
release_groups() {
  local group ids
  for group in "${own_groups[@]}"; do
    # Auto Scaling takes it back only from those in service, and only they have it.
    ask ids autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$group" --query \
      "AutoScalingGroups[].Instances[?ProtectedFromScaleIn && LifecycleState=='InService'][].InstanceId" || ids=''
    [ -n "$ids" ] || continue
    # Fifty at most in one call.
    if xargs -n 50 aws --region "$region" autoscaling set-instance-protection --no-protected-from-scale-in \
      --auto-scaling-group-name "$group" --instance-ids <<<"$ids" 2>"$scratch/refusal"; then
      echo "took scale-in protection from $(($(wc -w <<<"$ids"))) instance(s) of the group $group"
    else
      refusal=$(grep . "$scratch/refusal" | grep -v '^xargs:' | tail -n 1 || true)
      echo "cannot take scale-in protection from ${ids//[[:space:]]/ }: $refusal; the stack's deletion waits for it" >&2
    fi
  done
}
