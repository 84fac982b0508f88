# shellcheck shell=bash
# Pools: further workers of a cluster, each a stack of its own by pool.yaml. What it takes from its cluster it has as
# parameters, by the outputs of the cluster's stack: an import of exports would tie every update of the cluster to its pools.
# shellcheck disable=SC2034,SC2154  # the options, and what other parts have found

# How many of the first words read_pool_words has read, the architecture that is asked for, and how many labels are set.
words=0 wanted_architecture='' labels=0

# read_pool_words pool add|list|remove [POOL]...
read_pool_words() {
  subject=pool words=3
  template=$here/cloudformation/pool.yaml
  managers=0 manager_type='' worker_types=''
  case ${2-} in
    add) verb=create ;;
    remove) verb=remove ;;
    list)
      verb=list words=2
      return
      ;;
    *) wrong "pool needs add, list or remove" ;;
  esac
  [[ $# -ge 3 && $3 != -* ]] || wrong "pool $2 needs the pool's name"
  pool=$3
}

read_label() {
  local LC_ALL=C known number form='^[A-Za-z0-9][A-Za-z0-9._-]{0,99}=[A-Za-z0-9 .:/@_+-]{1,256}$'
  [[ $1 =~ $form ]] ||
    wrong "--label needs KEY=VALUE, with letters, digits and . _ - in KEY, also blanks and : / @ + in VALUE"
  [ "${1%%=*}" != pool ] || wrong "the label pool is the pool's name"
  [ "$labels" -lt 4 ] || wrong "a pool has four labels at most, besides its name"
  for ((number = 1; number <= labels; number++)); do
    known=parameter_Label$number
    [ "${!known%%=*}" != "${1%%=*}" ] || wrong "the label ${1%%=*} is given twice"
  done
  labels=$((labels + 1))
  set_parameter "Label$labels" "$1"
}

check_pool_options() {
  [ -z "$wanted_architecture" ] || [[ $wanted_architecture =~ ^(x86_64|arm64)$ ]] || wrong "--arch is x86_64 or arm64"
  [ "$public$certificate$balancer" = none ] || wrong "--public, --balancer and --certificate are the cluster's, not a pool's"
  [ "$verb" != list ] || return 0
  [[ $pool =~ ^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$ ]] ||
    wrong "a pool's name has lower-case letters, digits and hyphens, 40 at most"
  stack=$cluster-pool-$pool own_groups=("$cluster-worker.$pool")
}

set_pool_parameters() {
  default PoolName "$pool"
  [ -z "$image" ] || default ImageId "$image"
}

# What the pool takes from its cluster's stack, as far as no option says otherwise.
join_cluster() {
  local told user_data name
  local all="[['StackStatus',StackStatus]], Outputs[].[OutputKey,OutputValue]"
  # User data has lines of its own.
  all+=", Parameters[?ParameterKey!='UserData'].[ParameterKey,ParameterValue]"
  if ! ask told cloudformation describe-stacks --stack-name "$cluster" --query "Stacks[0].[$all][]" ||
    ! ask user_data cloudformation describe-stacks --stack-name "$cluster" \
      --query "Stacks[0].Parameters[?ParameterKey=='UserData']|[0].ParameterValue"; then
    case $refusal in
      *'does not exist'*) problem "there is no stack $cluster in $region: launch the cluster first, or give --region" ;;
      *) unanswered "the stack $cluster" cloudformation:DescribeStacks ;;
    esac
    conclude
  fi
  take_from_cluster "$told"
  [ -z "$user_data" ] || default UserData "$user_data"
  for name in WorkerProfileArn WorkerSecurityGroupId; do
    is_set "$name" ||
      problem "the stack $cluster has no output $name: update it to this template (aws cloudformation deploy), whose workers' role pools need"
  done
  image=${parameter_ImageId-}
  conclude
}

# Reads lines of a name and a value: the cluster's status, outputs and parameters.
take_from_cluster() {
  local name value
  while IFS=$'\t' read -r name value; do
    case $name in
      StackStatus) check_cluster_status "$value" ;;
      WorkerProfileArn | WorkerSecurityGroupId | ImageId | LaunchingTimeout | TerminatingTimeout | InstanceMetadataTags)
        default "$name" "$value"
        ;;
      VpcId) vpc=$value ;;
      SubnetIds) subnets=${subnets:-$value} ;;
      # For the check of the way in; a pool's template has no such parameter.
      SessionManager) parameter_SessionManager=$value ;;
    esac
  done <<<"$1"
}

check_cluster_status() {
  case $1 in
    CREATE_COMPLETE | UPDATE_COMPLETE | UPDATE_ROLLBACK_COMPLETE) ok "the cluster $cluster ($1)" ;;
    *) problem "the stack $cluster is $1: wait until it is complete" ;;
  esac
}

# The image's is the one asked for, and the types' if none were named.
check_architecture() {
  if [ -n "$wanted_architecture" ] && [ -n "$architecture" ] && [ "$architecture" != "$wanted_architecture" ]; then
    problem "the image $image is $architecture, not $wanted_architecture: give --image with one that is"
  fi
  if [ -z "$worker_types" ]; then
    worker_types=t3.small
    [ "${architecture:-$wanted_architecture}" != arm64 ] || worker_types=t4g.small
  fi
  set_types
}

# pools VARIABLE: a line for each: name, stack, status, image and types. A stack with both names among its parameters is one.
pools() {
  local of="Parameters[?ParameterKey=='" first="']|[0].ParameterValue"
  ask "$1" cloudformation describe-stacks --query \
    "Stacks[?${of}ClusterName' && ParameterValue=='$cluster'] && ${of}PoolName']].[${of}PoolName$first, StackName, StackStatus,
      ${of}ImageId$first, join(',', Parameters[?starts_with(ParameterKey,'WorkerInstanceType') && ParameterValue!=''].ParameterValue)]"
}

list_pools() {
  local told name its_stack status its_image types sizes wanted serving most
  if ! pools told; then
    echo "cannot look for pools of $cluster: $refusal" >&2
    exit 1
  fi
  [ -n "$told" ] || { echo "the cluster $cluster has no pools in $region"; return; }
  printf '%-16s %10s %7s %5s  %-22s %-24s %-18s %s\n' POOL 'IN SERVICE' DESIRED MAX IMAGE TYPES STATUS STACK
  while IFS=$'\t' read -r name its_stack status its_image types; do
    ask sizes autoscaling describe-auto-scaling-groups --auto-scaling-group-names "$cluster-worker.$name" --query \
      "AutoScalingGroups[].[length(Instances[?LifecycleState=='InService']),DesiredCapacity,MaxSize]" || sizes='? ? ?'
    read -r serving wanted most <<<"${sizes:-- - -}"
    printf '%-16s %10s %7s %5s  %-22s %-24s %-18s %s\n' "$name" "$serving" "$wanted" "$most" "$its_image" "$types" "$status" "$its_stack"
  done <<<"$told"
}

# Before the cluster's stack goes: its security group and profile cannot while a pool's instances have them, and by then the
# managers are gone. What was not named is not deleted.
refuse_pools() {
  local told name
  if ! pools told; then
    echo "cannot look for pools of $cluster: $refusal" >&2
    exit 1
  fi
  [ -n "$told" ] || return 0
  echo "cannot delete the stack $cluster: pools of it are there, which need its role and security group; remove them first:" >&2
  while read -r name _; do
    echo "  scripts/launch pool remove $name --cluster $cluster --region $region" >&2
  done <<<"$told"
  exit 1
}

# Its hooks stay: the rest of the swarm takes its tasks over.
remove_pool() {
  local told protected of_name of_pool
  if ! ask told cloudformation describe-stacks --stack-name "$stack" --query "Stacks[0].[EnableTerminationProtection,
      Parameters[?ParameterKey=='ClusterName']|[0].ParameterValue, Parameters[?ParameterKey=='PoolName']|[0].ParameterValue]"; then
    [[ $refusal != *'does not exist'* ]] || refusal="there is no stack $stack in $region; 'pool list' shows the pools that are there"
    echo "cannot remove the pool $pool of $cluster: $refusal" >&2
    exit 1
  fi
  read -r protected of_name of_pool <<<"$told"
  if [ "$of_name $of_pool" != "$cluster $pool" ]; then
    echo "cannot remove the pool $pool of $cluster: the stack $stack is none; 'pool list' shows the pools that are there" >&2
    exit 1
  fi
  delete_stack "$protected"
}
