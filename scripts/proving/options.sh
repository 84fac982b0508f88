# shellcheck shell=bash
# The command line of scripts/prove-on-aws.
# shellcheck disable=SC2034,SC2154  # the other parts use what is set here

verb=prove lab=no image='' region='' vpc='' subnets='' any_zones=no
distribution=debian-13 binary='' type=t3.small hourly='' budget=5 minutes=150 skipped=''
cluster='' report='' record='' yes=no
# Of the parts of scripts/launch that are used here.
spot=50

read_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --help | -h)
        sed -n -e 1d -e '/^#/!q' -e 's/^# \{0,1\}//p' "$here/prove-on-aws"
        exit 0
        ;;
      --plan) verb=plan ;;
      --lab) lab=yes ;;
      --any-zones) any_zones=yes ;;
      --yes) yes=yes ;;
      --*)
        [ $# -ge 2 ] || wrong "$1 needs a value"
        read_value "$1" "$2"
        shift
        ;;
      *) wrong "cannot read '$1'" ;;
    esac
    shift
  done
  fill_in
  check_options
}

read_value() {
  case $1 in
    --clean) verb=clean cluster=$2 ;;
    --image) image=$2 ;;
    --region) region=$2 ;;
    --vpc) vpc=$2 ;;
    --subnets) subnets=$2 ;;
    --distribution) distribution=$2 ;;
    --binary) binary=$2 ;;
    --type) type=$2 ;;
    --hourly) hourly=$2 ;;
    --budget) budget=$2 ;;
    --minutes) minutes=$2 ;;
    --skip) skipped=$2 ;;
    --name) cluster=$2 ;;
    --report) report=$2 ;;
    --record) record=$2 ;;
    *) wrong "cannot read '$1'" ;;
  esac
}

fill_in() {
  cluster=${cluster:-proof-$(date +%m%d%H%M)}
  report=${report:-$cluster.md}
  binary=${binary:-$here/../target/release/swarmlet}
  # Money is not asked for, nor spent, where the lab is.
  if [ "$lab" = yes ]; then
    # Debian 13 with Docker Engine, swarmlet and cloud-init: tests/lab/src/image/which.rs.
    image=${image:-ami-0ba1ed00000000004} yes=yes
  fi
  [ "$type" != t3.small ] || hourly=${hourly:-$price_t3_small}
}

check_options() {
  # Elsewhere a range of letters may hold capital ones too.
  local LC_ALL=C number='^[0-9]+(\.[0-9]+)?$' step
  # So that nobody deletes another cluster by it.
  [[ $cluster =~ ^proof-[a-z0-9-]{0,33}[a-z0-9]$ ]] ||
    wrong "--name and --clean need proof- and then lower-case letters, digits and hyphens, 40 in all"
  [[ $budget =~ $number ]] || wrong "--budget needs dollars"
  [[ $minutes =~ $number ]] || wrong "--minutes needs a number"
  [ -n "$hourly" ] || wrong "--type $type needs --hourly, its price"
  [[ $hourly =~ $number ]] || wrong "--hourly needs dollars"
  [[ " amazon-linux-2023 debian-12 debian-13 ubuntu-24.04 " == *" $distribution "* ]] ||
    wrong "--distribution is none of packer's: $distribution"
  for step in ${skipped//,/ }; do
    [[ " spot refresh leader managers " == *" $step "* ]] || wrong "--skip cannot leave out $step"
  done
  ! is_skipped spot || spot=0
}

is_skipped() {
  [[ ,$skipped, == *",$1,"* ]]
}

wrong() {
  echo "cannot go on: $1; scripts/prove-on-aws --help tells all options" >&2
  exit 2
}
