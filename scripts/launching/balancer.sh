# shellcheck shell=bash
# The load balancer that is asked for: is its certificate there, and do its subnets do?
# shellcheck disable=SC2034,SC2154  # the options, what other parts have found, and what they use

# What the stack's creation takes more with one.
balancer_actions=(elasticloadbalancing:CreateLoadBalancer elasticloadbalancing:ModifyLoadBalancerAttributes
  elasticloadbalancing:CreateTargetGroup elasticloadbalancing:ModifyTargetGroupAttributes
  elasticloadbalancing:CreateListener elasticloadbalancing:AddTags elasticloadbalancing:DescribeLoadBalancers
  elasticloadbalancing:DescribeTargetGroups autoscaling:AttachLoadBalancerTargetGroups)

check_balancer() {
  [ "${parameter_Balancer:-none}" != none ] || return 0
  [ -z "${parameter_BalancerCertificateArn-}" ] || check_certificate "$parameter_BalancerCertificateArn"
  if [ "$parameter_Balancer" = application ] && [ -z "${parameter_BalancerSubnetIds-}" ] && [ ${#zones[@]} -eq 1 ]; then
    problem "an application balancer needs subnets in two zones: give them, or take a network balancer"
  fi
  [ -z "${parameter_PublicCidr-}" ] ||
    note "the workers' ports are open to $parameter_PublicCidr beside the load balancer (PublicCidr)"
}

check_certificate() {
  local status
  if ! ask status acm describe-certificate --certificate-arn "$1" --query Certificate.Status; then
    case $refusal in
      *ResourceNotFound* | *Validation*) problem "there is no certificate $1 in $region: request or import it there" ;;
      *) unanswered 'the certificate' acm:DescribeCertificate ;;
    esac
  elif [ "$status" = ISSUED ]; then
    ok "the load balancer's certificate"
  else
    problem "the certificate $1 is $status: a load balancer takes one that is ISSUED"
  fi
}

# check_ways_in SUBNETS: those of the nodes' that have no internet gateway.
check_ways_in() {
  [ "${parameter_Balancer:-none}" != none ] || return 0
  [ "${parameter_BalancerScheme:-internet-facing}" = internet-facing ] || return 0
  [ -z "${parameter_BalancerSubnetIds-}" ] || return 0
  [ -z "$1" ] ||
    problem "the internet does not reach a load balancer in $1, without an internet gateway: give others of the same zones by --set BalancerSubnetIds=…, or --set BalancerScheme=internal"
}
