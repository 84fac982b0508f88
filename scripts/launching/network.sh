# shellcheck shell=bash
# VPC and subnets: are they there, in how many zones, and do instances in them reach AWS?
# shellcheck disable=SC2154  # the options, and what other parts have found

zones=()
# A line for each subnet that is used: its id, its zone, and whether it gives public addresses.
used=''

check_network() {
  local told
  if [ -z "$vpc" ]; then
    if ! ask vpc ec2 describe-vpcs --filters Name=isDefault,Values=true --query 'Vpcs[0].VpcId'; then
      unanswered VPCs ec2:DescribeVpcs
      return
    elif [ -z "$vpc" ]; then
      problem "there is no default VPC in $region: give --vpc and --subnets"
      return
    fi
  fi
  if ! ask told ec2 describe-subnets --filters "Name=vpc-id,Values=$vpc" \
    --query 'sort_by(Subnets,&AvailabilityZone)[].[SubnetId,AvailabilityZone,MapPublicIpOnLaunch]'; then
    unanswered subnets ec2:DescribeSubnets
    return
  fi
  choose_subnets "$told"
  default VpcId "$vpc"
  default SubnetIds "$subnets"
  count_zones
  check_routes
}

# Those that were named, or the first of each of three zones.
choose_subnets() {
  local wanted chosen=()
  [ -n "$subnets" ] || subnets=$(first_of_zones <<<"$1")
  IFS=, read -ra chosen <<<"$subnets"
  for wanted in ${chosen[@]+"${chosen[@]}"}; do
    use_subnet "$wanted" "$1"
  done
}

# Reads subnets in the order of their zones.
first_of_zones() {
  local id zone last='' first=()
  while read -r id zone _; do
    if [[ $zone != "$last" && ${#first[@]} -lt 3 ]]; then
      first+=("$id")
      last=$zone
    fi
  done
  (IFS=, && echo "${first[*]-}")
}

use_subnet() {
  local id zone public
  while read -r id zone public; do
    if [ "$id" = "$1" ]; then
      used+="$id $zone $public"$'\n'
      return
    fi
  done <<<"$2"
  problem "the subnet $1 is not in $vpc: give subnets of this VPC, or another --vpc"
}

count_zones() {
  local zone most='of the managers'
  [ -z "$pool" ] || most='of the pool'
  while read -r zone; do
    zones+=("$zone")
  done < <(cut -d ' ' -f 2 <<<"$used" | grep . | sort -u)
  if [ ${#zones[@]} -ge 3 ]; then
    ok "subnets of $vpc in ${#zones[@]} zones: ${zones[*]-}"
  elif [ ${#zones[@]} -eq 0 ]; then
    problem "no subnet can be used: give --subnets"
  elif [ "$any_zones" = yes ] || [ -n "$pool" ]; then
    note "the subnets are in ${#zones[@]} zone(s) only: with one of them all or most $most may be lost"
  else
    problem "the subnets are in ${#zones[@]} zone(s): give one in each of three zones, or --any-zones to go without"
  fi
}

# Instances have to reach ssm, kms, ec2 and autoscaling: by an internet gateway and a public address, by NAT, or
# by endpoints in the VPC.
check_routes() {
  local told endpoints id public route lost=() private=()
  local default_route="Routes[?DestinationCidrBlock=='0.0.0.0/0']|[0]"
  if ! ask told ec2 describe-route-tables --filters "Name=vpc-id,Values=$vpc" --query "RouteTables[].[
      to_string(Associations[].SubnetId), to_string(Associations[?Main]|[0].Main),
      to_string($default_route.GatewayId), to_string($default_route.[NatGatewayId,TransitGatewayId,NetworkInterfaceId])]"; then
    note "cannot tell how the subnets reach AWS (ec2:DescribeRouteTables)"
    return
  fi
  while read -r id _ public; do
    [ -n "$id" ] || continue
    route=$(route_of "$id" "$told")
    [[ $route == *igw-* ]] || private+=("$id")
    case $route in
      *igw-*) [ "$public" = True ] || lost+=("$id has an internet gateway, but gives no public addresses") ;;
      '' | 'null null' | 'null [null,null,null]') lost+=("$id has no route out") ;;
    esac
  done <<<"$used"
  check_ways_in "${private[*]-}"
  [ ${#lost[@]} -gt 0 ] || { ok "routes out of the subnets"; return; }
  ask endpoints ec2 describe-vpc-endpoints --filters "Name=vpc-id,Values=$vpc" --query 'VpcEndpoints[].ServiceName' || endpoints=''
  for id in ssm kms ec2 autoscaling; do
    if ! grep -Eq "\.$id([[:space:]]|$)" <<<"$endpoints"; then
      note "${lost[0]}: instances need a NAT gateway, public addresses, or VPC endpoints for ssm, kms, ec2 and autoscaling"
      return
    fi
  done
  ok "VPC endpoints"
  [ "${parameter_SessionManager:-enabled}" = enabled ] || return 0
  grep -Eq '\.ssmmessages([[:space:]]|$)' <<<"$endpoints" ||
    note "there is no VPC endpoint for ssmmessages: nobody gets in by Session Manager without"
}

# The gateways of a subnet's own table, or of the VPC's main one.
route_of() {
  local of is_main gateway others main='' own=''
  while IFS=$'\t' read -r of is_main gateway others; do
    [[ $of != *"\"$1\""* ]] || own="$gateway ${others// /}"
    [ "$is_main" != true ] || main="$gateway ${others// /}"
  done <<<"$2"
  echo "${own:-$main}"
}
