# shellcheck shell=bash
# The end, whatever came before it: all that was made is deleted, and what AWS still has of it is told.
# shellcheck disable=SC2154  # the options, and what other parts have found

left=''

interrupted() {
  stopped='it was interrupted'
  exit "$1"
}

# Whatever happens from here on: nothing stops the deletion but a signal that cannot be caught.
leave() {
  local status=$? started
  trap - EXIT
  # Whoever is called ignores them then, too.
  trap '' INT TERM HUP PIPE
  set +e
  end_child
  printf '\n== deleting all that was made: it cannot be interrupted, and ends by itself\n'
  started=$SECONDS
  delete_all
  count_instances 0
  note_result deleted "$([ -z "$left" ] && echo ok || echo FAILED)" $((SECONDS - started)) "left: ${left:-nothing}"
  write_report
  rm -rf "$scratch"
  [ "$status" -ne 0 ] || { [ -z "$broken$stopped$left" ] || status=1; }
  exit "$status"
}

clean_up() {
  set +e
  delete_all
  rm -rf "$scratch"
  if [ -n "$left" ]; then
    echo "left of $cluster: $left" >&2
    exit 1
  fi
  echo "nothing is left of $cluster"
}

# What was asked for just before the end may come late, so it looks, and does it again.
delete_all() {
  local try
  for try in 1 2 3; do
    "$here/launch" --down --cluster "$cluster" --region "$region" --yes
    delete_experiment
    delete_images
    left=$(what_is_left)
    [ -n "$left" ] || return 0
    echo "left: $left"
    [ "$try" -eq 3 ] || sleep "$((pause * 4))"
  done
}

what_is_left() {
  {
    find_left 'the stack' cloudformation describe-stacks --query "Stacks[?StackName=='$cluster'&&StackStatus!='DELETE_COMPLETE'].StackName"
    find_left groups autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$cluster-manager" "$cluster-worker" \
      --query 'AutoScalingGroups[].AutoScalingGroupName'
    find_left instances ec2 describe-instances --filters "$(named swarm:cluster)" "$(living)" --query "$instance_ids"
    find_left builders ec2 describe-instances --filters "$(named swarmlet:proof)" "$(living)" --query "$instance_ids"
    find_left volumes ec2 describe-volumes --filters "$(named swarm:cluster)" --query 'Volumes[].VolumeId'
    find_left 'launch templates' ec2 describe-launch-templates --filters \
      "Name=launch-template-name,Values=$cluster-manager,$cluster-worker" --query 'LaunchTemplates[].LaunchTemplateName'
    find_left 'security groups' ec2 describe-security-groups --filters "Name=tag:Name,Values=$cluster-manager,$cluster-worker" \
      --query 'SecurityGroups[].GroupId'
    find_left "Packer's security groups" ec2 describe-security-groups --filters "$(named swarmlet:proof)" --query 'SecurityGroups[].GroupId'
    find_left "Packer's keys" ec2 describe-key-pairs --filters "$(named swarmlet:proof)" --query 'KeyPairs[].KeyName'
    find_left images ec2 describe-images --owners self --filters "$(named swarmlet:proof)" --query 'Images[].ImageId'
    find_left snapshots ec2 describe-snapshots --owner-ids self --filters "$(named swarmlet:proof)" --query 'Snapshots[].SnapshotId'
    find_left roles iam list-roles --query "Roles[?starts_with(RoleName,'$cluster-')].RoleName"
    find_left 'instance profiles' iam list-instance-profiles \
      --query "InstanceProfiles[?starts_with(InstanceProfileName,'$cluster-')].InstanceProfileName"
    find_left "the key's alias" kms list-aliases --query "Aliases[?AliasName=='alias/swarmlet-$cluster'].AliasName"
    find_left records ssm get-parameters-by-path --path "/swarmlet/$cluster" --recursive --query 'Parameters[].Name'
    find_left experiments fis list-experiment-templates --query "experimentTemplates[?tags.\"swarmlet:proof\"=='$cluster'].id"
  } | tr '\n' ';' | sed 's/;$//'
}

instance_ids='Reservations[].Instances[].InstanceId'

named() {
  echo "Name=tag:$1,Values=$cluster"
}

living() {
  echo Name=instance-state-name,Values=pending,running,shutting-down,stopping,stopped
}

# find_left WHAT ARGUMENT...: a line if there is any, or if nobody can tell.
find_left() {
  local found
  if ! ask found "${@:2}"; then
    echo "$1: cannot tell, $refusal"
  elif [ -n "$found" ]; then
    echo "$1: ${found//[$'\t\n']/ }"
  fi
}
