# shellcheck shell=bash
# The stack: is its name free, what would it be, make it, wait for it, and tell what to do next.
# shellcheck disable=SC2154  # the options, and what other parts have found

# Neither a stack, nor instances, nor records of an earlier cluster of this name.
check_name() {
  local status ids names groups
  if ask status cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].StackStatus'; then
    problem "the stack $stack is there already ($status): change it with aws cloudformation deploy, see its outputs, or end it with ${pool:+pool remove }${pool:---down}"
    [ -n "$pool" ] || check_hooks
    return
  fi
  [[ $refusal == *'does not exist'* ]] || unanswered "the stack $stack" cloudformation:DescribeStacks
  if ! ask groups autoscaling describe-auto-scaling-groups --auto-scaling-group-names "${own_groups[@]}" \
    --query 'AutoScalingGroups[].AutoScalingGroupName'; then
    unanswered groups autoscaling:DescribeAutoScalingGroups
  elif [ -n "$groups" ]; then
    problem "there are groups without a stack: ${groups//[[:space:]]/, }; delete them, or take another name"
  fi
  [ -z "$pool" ] || return 0
  check_hooks
  check_timeouts
  if ! living_instances ids; then
    unanswered instances ec2:DescribeInstances
  elif [ -n "$ids" ]; then
    problem "instances of a cluster $cluster live: ${ids//[[:space:]]/ }; terminate them, or take another name"
  fi
  if ! records names; then
    unanswered "records of earlier clusters" "ssm:GetParametersByPath on /swarmlet/$cluster"
  elif [ -n "$names" ]; then
    problem "Parameter Store has records of an earlier cluster $cluster, whose ticket names managers that are no more: delete them with --down --cluster $cluster, or take another name"
  else
    ok "the name $cluster is free"
  fi
}

living_instances() {
  ask "$1" ec2 describe-instances --filters "Name=tag:swarm:cluster,Values=$cluster" \
    ${pool:+"Name=tag:swarm:label:pool,Values=$pool"} \
    Name=instance-state-name,Values=pending,running,stopping,stopped --query 'Reservations[].Instances[].InstanceId'
}

records() {
  ask "$1" ssm get-parameters-by-path --path "/swarmlet/$cluster" --recursive --query 'Parameters[].Name'
}

show_plan() {
  local name variable
  echo
  echo "would create the stack $stack in $region, with these parameters and the template's defaults:"
  for name in $parameters; do
    variable=parameter_$name
    printf '  %s=%s\n' "$name" "${!variable//$'\n'/\\n}"
  done | sort
  echo "and in it:"
  sed -n '/^Resources:/,/^Outputs:/s/^    Type: //p' "$template" | sort | uniq -c | sed 's/^/  at most/'
}

# A JSON string, so that values may hold commas, quotes and lines.
json_text() {
  local text=$1
  text=${text//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\t'/\\t}
  text=${text//$'\r'/\\r}
  printf '"%s"' "${text//$'\n'/\\n}"
}

parameters_file() {
  local name variable separator='['
  for name in $parameters; do
    variable=parameter_$name
    printf '%s{"ParameterKey":"%s","ParameterValue":%s}' "$separator" "$name" "$(json_text "${!variable}")"
    separator=,
  done
  echo ']'
}

create_stack() {
  local protection=--no-enable-termination-protection
  [ "$protect" = no ] || protection=--enable-termination-protection
  parameters_file >"$scratch/parameters.json"
  echo
  echo "creating the stack $stack"
  if ! ask _ cloudformation create-stack --stack-name "$stack" --capabilities CAPABILITY_IAM "$protection" \
    --template-body "file://$template" --parameters "file://$scratch/parameters.json" \
    --tags "Key=swarm:cluster,Value=$cluster"; then
    echo "cannot create the stack: $refusal" >&2
    exit 1
  fi
  wait_for_stack
  [ "$waiting" = no ] || wait_for_instances
}

wait_for_stack() {
  ask _ cloudformation wait stack-create-complete --stack-name "$stack" || stack_failed create "$refusal"
}

# Until it is gone. Meanwhile nobody stays protected: a manager's agent may not have seen yet that it shall go, or not live.
wait_for_deletion() {
  local status misses=0
  until [ "$misses" -eq 12 ]; do
    if ask status cloudformation describe-stacks --stack-name "$stack" --query 'Stacks[0].StackStatus'; then
      misses=0
      case $status in
        DELETE_COMPLETE) return ;;
        DELETE_FAILED) stack_failed delete "it is $status" ;;
      esac
      release_groups
    else
      [[ $refusal != *'does not exist'* ]] || return 0
      misses=$((misses + 1))
    fi
    sleep 5
  done
  stack_failed delete "$refusal"
}

stack_failed() {
  local events
  echo "cannot $1 the stack $stack: $2" >&2
  ask events cloudformation describe-stack-events --stack-name "$stack" --query \
    "StackEvents[?ends_with(ResourceStatus,'FAILED')].[LogicalResourceId,ResourceStatusReason]" && echo "$events" >&2
  exit 1
}

# In service means in the swarm, by the launching hook.
wait_for_instances() {
  local told lead=${parameter_ManagerCount-0} follow=$parameter_WorkerCount limit=$((SECONDS + 1800)) shown=''
  local wanted=$((lead + follow))
  until [ "${told:-}" = "$wanted" ]; do
    if [ $SECONDS -gt $limit ]; then
      echo "cannot go on waiting: ${told:-none} of $wanted instances are in service after half an hour; look at" \
        "'systemctl status swarmlet' and the console of one that is not" >&2
      exit 1
    fi
    [ -z "$shown" ] || sleep 5
    ask told autoscaling describe-auto-scaling-groups --auto-scaling-group-names "${own_groups[@]}" \
      --query "length(AutoScalingGroups[].Instances[?LifecycleState=='InService'][])" || told=''
    [ "$shown" = "$told" ] || echo "  ${told:-none} of $wanted instances in service"
    shown=${told:-none}
  done
}

show_outputs() {
  local told what command
  ask told cloudformation describe-stacks --stack-name "$stack" \
    --query "Stacks[0].Outputs[?starts_with(OutputKey,'Next')].[Description,OutputValue]" || return 0
  echo
  while IFS=$'\t' read -r what command; do
    printf '# %s\n%s\n\n' "$what" "$command"
  done <<<"$told"
}
