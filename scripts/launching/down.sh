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
    delete_stack "$protected"
  fi
  [ "$keep_records" = yes ] || delete_records
}

delete_stack() {
  local ids role
  living_instances ids || ids=''
  if [ "$1" = True ] && [ "$unprotect" = no ]; then
    echo "cannot delete the stack $cluster: it is protected from deletion; add --unprotect" >&2
    exit 1
  fi
  confirm "delete the stack $cluster with its $(($(wc -w <<<"$ids"))) instance(s), and all that runs on them"
  if [ "$1" = True ] && ! ask _ cloudformation update-termination-protection --no-enable-termination-protection \
    --stack-name "$cluster"; then
    echo "cannot take the protection from the stack $cluster: $refusal" >&2
    exit 1
  fi
  # Nobody takes tasks over: without their hooks the instances end at once.
  for role in manager worker; do
    ask _ autoscaling delete-lifecycle-hook --auto-scaling-group-name "$cluster-$role" \
      --lifecycle-hook-name swarmlet-terminating || true
  done
  # And their agents protect managers that have none.
  release_groups
  if ! ask _ cloudformation delete-stack --stack-name "$cluster"; then
    echo "cannot delete the stack $cluster: $refusal" >&2
    exit 1
  fi
  wait_for_deletion
  echo "the stack $cluster is deleted; its key can be had back for seven days (aws kms cancel-key-deletion)"
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
  local answer=''
  [ "$yes" = no ] || return 0
  read -rp "This will $1. Type the cluster's name to go on: " answer || true
  if [ "$answer" != "$cluster" ]; then
    echo "nothing was deleted" >&2
    exit 1
  fi
}
