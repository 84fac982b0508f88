# shellcheck shell=bash
# The command line of scripts/launch, and the template's parameters that it stands for.
# shellcheck disable=SC2034,SC2154  # the other parts use what is set here

verb=create cluster='' image='' region='' vpc='' subnets=''
managers=3 workers=3 manager_type=t3.small worker_types=t3.small spot=0
public='' balancer=none certificate=''
# With "pool" the stack is a pool's; else the cluster's, and there is no pool.
subject=cluster pool='' stack=''
any_zones=no protect=no waiting=yes yes=no unprotect=no keep_records=no
# The names of the parameters that are set; the value of each is in parameter_NAME.
parameters=''

read_options() {
  if [ "${1-}" = pool ]; then
    read_pool_words "$@"
    shift "$words"
  fi
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h)
        sed -n -e 1d -e '/^#/!q' -e 's/^# \{0,1\}//p' "$here/launch"
        exit 0
        ;;
      --plan | --down) read_verb "$1" ;;
      --any-zones) any_zones=yes ;;
      --protect) protect=yes ;;
      --no-wait) waiting=no ;;
      --yes) yes=yes ;;
      --unprotect) unprotect=yes ;;
      --keep-records) keep_records=yes ;;
      --*)
        [ $# -ge 2 ] || wrong "$1 needs a value"
        read_value "$1" "$2"
        shift
        ;;
      *) wrong "cannot read '$1'" ;;
    esac
    shift
  done
  check_options
}

read_verb() {
  [ "$subject" = cluster ] || [ "$verb$1" = create--plan ] || wrong "$1 is no option here"
  verb=${1#--}
}

read_value() {
  case $subject$1 in
    pool--vpc | pool--managers | pool--manager-type | pool--public) wrong "$1 is the cluster's, not a pool's" ;;
    cluster--arch | cluster--label) wrong "$1 is an option of 'pool add'" ;;
  esac
  case $1 in
    --cluster) cluster=$2 ;;
    --image) image=$2 ;;
    --region) region=$2 ;;
    --vpc) vpc=$2 ;;
    --subnets) subnets=$2 ;;
    --managers) managers=$2 ;;
    --workers) workers=$2 ;;
    --manager-type) manager_type=$2 ;;
    --worker-type) worker_types=$2 ;;
    --spot) spot=$2 ;;
    --public) public=$2 ;;
    --balancer) balancer=$2 ;;
    --certificate) certificate=$2 ;;
    --set) read_parameter "$2" ;;
    --arch) wanted_architecture=$2 ;;
    --label) read_label "$2" ;;
    *) wrong "cannot read '$1'" ;;
  esac
}

read_parameter() {
  local name=${1%%=*} value=${1#*=}
  [ "$name" != "$1" ] || wrong "--set needs PARAMETER=VALUE"
  grep -Fqx -e "$name" <(template_parameters) || wrong "the template has no parameter $name"
  if [ "${value#@}" != "$value" ]; then
    value=$(cat "${value#@}") || wrong "cannot read ${value#@}"
  fi
  set_parameter "$name" "$value"
}

template_parameters() {
  sed -n '/^Parameters:/,/^[A-Z][a-z]*:$/s/^  \([A-Za-z0-9]\{1,\}\):.*/\1/p' "$template"
}

check_options() {
  # Elsewhere a range of letters may hold capital ones too.
  local LC_ALL=C
  [[ $cluster =~ ^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$ ]] ||
    wrong "--cluster needs a name of lower-case letters, digits and hyphens, 40 at most"
  stack=$cluster own_groups=("$cluster-manager" "$cluster-worker")
  [ "$subject" = cluster ] || check_pool_options
  [ "$verb" = create ] || [ "$verb" = plan ] || return 0
  [[ $workers =~ ^[0-9]+$ ]] || wrong "--workers needs a number"
  [[ $spot =~ ^[0-9]+$ && $spot -le 100 ]] || wrong "--spot needs a percentage"
  check_types_given
  set_parameters
  if [ "$subject" = pool ]; then
    set_pool_parameters
    return
  fi
  [ -n "$image" ] || wrong "--image needs the id of an image with swarmlet in it"
  [[ $managers =~ ^[135]$ ]] || wrong "--managers is 1, 3 or 5: a majority has to agree"
  default ImageId "$image"
  default ManagerCount "$managers"
  default ManagerInstanceType "$manager_type"
  set_types
  set_traffic
}

check_types_given() {
  local types
  IFS=, read -ra types <<<"$worker_types"
  [ ${#types[@]} -le 4 ] || wrong "--worker-type takes four types at most"
  [ ${#types[@]} -le 1 ] || [ "$spot" -gt 0 ] || wrong "several worker types need --spot"
}

# What was given by --set wins.
set_parameters() {
  default ClusterName "$cluster"
  default WorkerCount "$workers"
  default WorkerMax $((workers > 20 ? workers : 20))
  default OnDemandPercentage $((100 - spot))
}

set_types() {
  local types index
  IFS=, read -ra types <<<"$worker_types"
  default WorkerInstanceType "${types[0]}"
  for ((index = 2; index <= ${#types[@]}; index++)); do
    default "WorkerInstanceType$index" "${types[index - 1]}"
  done
}

# Who is let in, and where to: to the workers, or to the load balancer, and then to nothing else.
set_traffic() {
  [ "$balancer" = none ] || default Balancer "$balancer"
  [ -z "$certificate" ] || default BalancerCertificateArn "$certificate"
  case ${parameter_Balancer:-none} in
    none)
      [ -z "${parameter_BalancerCertificateArn-}" ] || wrong "--certificate needs --balancer"
      [ -z "$public" ] || default PublicCidr "$public"
      ;;
    application | network)
      [ -z "$public" ] || default BalancerCidr "$public"
      [ -n "${parameter_BalancerCidr-}" ] || wrong "--balancer needs --public, the addresses that may reach it"
      ;;
    *) wrong "--balancer is application or network" ;;
  esac
}

default() {
  is_set "$1" || set_parameter "$1" "$2"
}

is_set() {
  [[ " $parameters" == *" $1 "* ]]
}

set_parameter() {
  is_set "$1" || parameters+="$1 "
  printf -v "parameter_$1" %s "$2"
}

wrong() {
  echo "cannot go on: $1; scripts/launch --help tells all options" >&2
  exit 2
}
