# shellcheck shell=bash
# Takes a cluster down: the stack with all in it, and then what no stack owns, the records in Parameter Store.
# shellcheck disable=SC2154  # the options, and what other parts have found

take_down() {
  local told protected status=''
  if ask told cloudformation describe-stacks --stack-name "$cluster" \
    --query 'Stacks[0].[StackStatus,EnableTerminationProtection]'; then
    read -r status protected <<<"$told"
  elif [[ $refusal != *'does not exist'* ]]; then
    echo "cannot look at the stack $cluster: $refusal" >&2
    exit 1
  fi
  if [ -z "$status" ]; then
    echo "there is no stack $cluster"
  else
    refuse_pools
    delete_stack "$protected"
  fi
  [ "$keep_records" = yes ] || delete_records
}

delete_stack() {
  local ids group task='and all that runs on them'
  [ -z "$pool" ] || task='which hand their tasks over first'
  living_instances ids || ids=''
  if [ "$1" = True ] && [ "$unprotect" = no ]; then
    echo "cannot delete the stack $stack: it is protected from deletion; add --unprotect" >&2
    exit 1
  fi
  confirm "delete the stack $stack with its $(($(wc -w <<<"$ids"))) instance(s), $task"
  if [ "$1" = True ] && ! ask _ cloudformation update-termination-protection --no-enable-termination-protection \
    --stack-name "$stack"; then
    echo "cannot take the protection from the stack $stack: $refusal" >&2
    exit 1
  fi
  # Of a cluster nobody takes tasks over: without their hooks the instances end at once.
  for group in "${own_groups[@]}"; do
    [ -z "$pool" ] || break
    ask _ autoscaling delete-lifecycle-hook --auto-scaling-group-name "$group" \
      --lifecycle-hook-name swarmlet-terminating || true
  done
  # And their agents protect managers that have none.
  release_groups
  if ! ask _ cloudformation delete-stack --stack-name "$stack"; then
    echo "cannot delete the stack $stack: $refusal" >&2
    exit 1
  fi
  wait_for_deletion
  if [ -n "$pool" ]; then
    echo "the stack $stack is deleted"
  else
    echo "the stack $stack is deleted; its key can be had back for seven days (aws kms cancel-key-deletion)"
  fi
}

# Only when nobody is left who could write them again, or claim a swarm by them.
delete_records() {
  local names ids
  if ! records names; then
    echo "cannot look at the records below /swarmlet/$cluster: $refusal" >&2
    exit 1
  fi
  [ -n "$names" ] || { echo "there are no records below /swarmlet/$cluster"; return; }
  if ! living_instances ids || [ -n "$ids" ]; then
    echo "cannot delete the records of $cluster: instances of it live (${refusal:-${ids//[[:space:]]/ }})" >&2
    exit 1
  fi
  confirm "delete the $(($(wc -w <<<"$names"))) record(s) below /swarmlet/$cluster"
  # Ten at most in one call.
  if ! xargs -n 10 aws --region "$region" ssm delete-parameters --names <<<"$names" >/dev/null; then
    echo "cannot delete all records of $cluster: see above" >&2
    exit 1
  fi
  echo "the records are deleted; wait 30 seconds before a new cluster takes the name"
}

confirm() {
  local answer='' kind=cluster
  [ -z "$pool" ] || kind=pool
  [ "$yes" = no ] || return 0
  read -rp "This will $1. Type the $kind's name to go on: " answer || true
  if [ "$answer" != "${pool:-$cluster}" ]; then
    echo "nothing was deleted" >&2
    exit 1
  fi
}
