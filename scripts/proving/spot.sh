# shellcheck shell=bash
# A spot interruption, by the one way that AWS has to ask for one: its Fault Injection Service, which tells the instance two
# minutes ahead as for any other, and then takes it. What that needs is made here, and goes with the rest.
# shellcheck disable=SC2034,SC2154  # the options, and what other parts have found and use

step_spot() {
  local id experiment='' told took
  ask id ec2 describe-instances --filters "Name=tag:swarm:cluster,Values=$cluster" \
    Name=instance-state-name,Values=running --query "Reservations[].Instances[?InstanceLifecycle=='spot'][].InstanceId|[0]" || id=''
  [ -n "$id" ] || { seen="there is no spot instance: ${refusal:-the group has none}"; return 1; }
  make_experiment "$id" || return 1
  besides+=" + $(cost_of spot)"
  # A new role takes effect late.
  until_so 120 start_experiment || return 1
  told=$SECONDS
  until_so 600 is_out_of_service "$id" || return 1
  took=$((SECONDS - told))
  without=$id
  until_so 1200 is_whole 3 4 || return 1
  seen="out of service $took s after the notice, and replaced"
}

make_experiment() {
  local account partition arn role=$cluster-proof
  partition=$(cut -d : -f 2 <<<"$identity")
  account=$(cut -d : -f 5 <<<"$identity")
  arn=arn:$partition:ec2:$region:$account:instance/$1
  if ! ask _ iam create-role --role-name "$role" --tags "Key=swarmlet:proof,Value=$cluster" \
    --assume-role-policy-document "$(policy '"Principal":{"Service":"fis.amazonaws.com"},"Action":"sts:AssumeRole"')" ||
    ! ask _ iam put-role-policy --role-name "$role" --policy-name interrupt \
      --policy-document "$(policy "\"Action\":\"ec2:SendSpotInstanceInterruptions\",\"Resource\":\"$arn\"")" ||
    ! ask _ iam put-role-policy --role-name "$role" --policy-name look \
      --policy-document "$(policy '"Action":"ec2:DescribeInstances","Resource":"*"')" ||
    ! ask experiment fis create-experiment-template --query experimentTemplate.id \
      --cli-input-json "$(experiment_of "$arn" "arn:$partition:iam::$account:role/$role")"; then
    seen="cannot ask for an interruption: $refusal"
    return 1
  fi
}

# policy STATEMENT
policy() {
  printf '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",%s}]}' "$1"
}

# experiment_of INSTANCE ROLE, by their ARNs
experiment_of() {
  cat <<JSON
{
  "clientToken": "$cluster",
  "description": "A spot interruption",
  "roleArn": "$2",
  "stopConditions": [{"source": "none"}],
  "targets": {
    "worker": {"resourceType": "aws:ec2:spot-instance", "resourceArns": ["$1"], "selectionMode": "ALL"}
  },
  "actions": {
    "interrupt": {
      "actionId": "aws:ec2:send-spot-instance-interruptions",
      "parameters": {"durationBeforeInterruption": "PT2M"},
      "targets": {"SpotInstances": "worker"}
    }
  },
  "tags": {"swarmlet:proof": "$cluster"}
}
JSON
}

# The experiment may fail after it was started, where the role is not known yet: then the next one is tried.
start_experiment() {
  local id state=''
  ask id fis start-experiment --experiment-template-id "$experiment" --query experiment.id ||
    { now="the experiment does not start: $refusal"; return 1; }
  while [[ " pending initiating " == *" ${state:-pending} "* ]]; do
    ask state fis get-experiment --id "$id" --query experiment.state.status || { now=$refusal; return 1; }
    sleep 1
  done
  now="the experiment is $state"
  [ "$state" = running ] || [ "$state" = completed ]
}

is_out_of_service() {
  look_at_groups && [[ " $members_worker " != *" $1=InService "* ]]
}

delete_experiment() {
  local id ids role=$cluster-proof
  ask ids fis list-experiment-templates --query "experimentTemplates[?tags.\"swarmlet:proof\"=='$cluster'].id" || ids=''
  for id in $ids; do
    ask _ fis delete-experiment-template --id "$id" || echo "cannot delete the experiment template $id: $refusal" >&2
  done
  ask _ iam get-role --role-name "$role" || return 0
  ask _ iam delete-role-policy --role-name "$role" --policy-name interrupt || true
  ask _ iam delete-role-policy --role-name "$role" --policy-name look || true
  ask _ iam delete-role --role-name "$role" || echo "cannot delete the role $role: $refusal" >&2
}
