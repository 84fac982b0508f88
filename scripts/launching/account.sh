# shellcheck shell=bash
# Who asks, and what the account has: the image, instance types, limits, permissions.
# shellcheck disable=SC2154  # the options, and what other parts have found

identity='' architecture=''
# Of the managers' type and the first of the workers'.
manager_vcpus=0 worker_vcpus=0

check_tools() {
  local arn
  if ! command -v aws >/dev/null; then
    echo "cannot go on: there is no AWS CLI; install it (https://aws.amazon.com/cli/, or pip install awscli)" >&2
    exit 1
  fi
  export AWS_PAGER=''
  region=${region:-${AWS_REGION:-${AWS_DEFAULT_REGION:-$(aws configure get region || true)}}}
  if [ -z "$region" ]; then
    echo "cannot go on: no region is set; give --region" >&2
    exit 1
  fi
  if ! ask arn sts get-caller-identity --query Arn; then
    echo "cannot go on: $refusal; configure credentials (aws configure, aws sso login, AWS_PROFILE)" >&2
    exit 1
  fi
  identity=$arn
  echo "$identity in $region"
}

check_image() {
  local told state device size version agent query
  local ways="Tags[?Key=='swarmlet:ssm-agent']|[0].Value"
  query="Images[0].[State,Architecture,RootDeviceName,BlockDeviceMappings[?Ebs]|[0].Ebs.VolumeSize"
  if ! ask told ec2 describe-images --image-ids "$image" --query "$query,Tags[?Key=='swarmlet:version']|[0].Value,$ways]"; then
    case $refusal in
      *InvalidAMIID*) problem "the image $image is not in $region, or not shared with this account: copy it (aws ec2 copy-image)" ;;
      *) unanswered 'the image' ec2:DescribeImages ;;
    esac
    return
  fi
  read -r state architecture device size version agent <<<"$told"
  [ "$state" = available ] || problem "the image $image is $state: wait until it is available"
  if [ "$version" = None ]; then
    note "the image $image has no tag swarmlet:version: is swarmlet in it?"
  else
    ok "image $image, swarmlet $version, $architecture"
  fi
  check_way_in "$agent"
  default RootDeviceName "$device"
  [[ $size =~ ^[0-9]+$ ]] || size=8
  default RootVolumeSize $((size > 20 ? size : 20))
}

# The template opens no port for SSH: its way in is the image's SSM agent.
check_way_in() {
  [ "${parameter_SessionManager:-enabled}" = enabled ] || return 0
  case $1 in
    none) note "the image $image has no SSM agent, so nobody gets in to its instances: build it with ssm_agent_version" ;;
    None) note "the image $image has no tag swarmlet:ssm-agent: without an SSM agent in it nobody gets in to its instances" ;;
    *) ok "a way in, by Session Manager: the image's SSM agent is $1" ;;
  esac
}

# Each type is there, fits the image, and is offered in all of the subnets' zones.
check_types() {
  local type told arch count seen=' '
  for type in ${manager_type:+"$manager_type"} ${worker_types//,/ }; do
    [[ $seen != *" $type "* ]] || continue
    seen+="$type "
    if ! ask told ec2 describe-instance-types --instance-types "$type" \
      --query "InstanceTypes[0].[VCpuInfo.DefaultVCpus,join(',',ProcessorInfo.SupportedArchitectures)]"; then
      case $refusal in
        *InvalidInstanceType*) problem "there is no instance type $type in $region" ;;
        *) unanswered 'instance types' ec2:DescribeInstanceTypes ;;
      esac
      continue
    fi
    read -r count arch <<<"$told"
    [ "$type" != "$manager_type" ] || manager_vcpus=$count
    [ "$type" != "${worker_types%%,*}" ] || worker_vcpus=$count
    if [ -n "$architecture" ] && [[ ,$arch, != *,$architecture,* ]]; then
      problem "instance type $type is $arch, the image $architecture: take another type or image"
    else
      check_offered "$type"
    fi
  done
}

check_offered() {
  local offered zone missing=()
  if ! ask offered ec2 describe-instance-type-offerings --location-type availability-zone \
    --filters "Name=instance-type,Values=$1" --query 'InstanceTypeOfferings[].Location'; then
    unanswered 'where instance types are offered' ec2:DescribeInstanceTypeOfferings
    return
  fi
  for zone in ${zones[@]+"${zones[@]}"}; do
    [[ " ${offered//[[:space:]]/ } " == *" $zone "* ]] || missing+=("$zone")
  done
  if [ ${#missing[@]} -eq 0 ]; then
    ok "instance type $1"
  else
    problem "instance type $1 is not offered in ${missing[*]-}: take another type, or subnets in other zones"
  fi
}

check_limits() {
  # One more of each, while they are replaced.
  local paid=$(((workers * (100 - spot) + 99) / 100 + 1)) interruptible=$(((workers * spot + 99) / 100 + 1))
  if has_own_quota "${worker_types%%,*}"; then
    note "instance type ${worker_types%%,*} counts against a quota of its family: look in Service Quotas, EC2, for $(((workers + 1) * worker_vcpus)) vCPUs"
    worker_vcpus=0
  fi
  check_quota L-1216C47A 'on demand' $(((managers + 1) * manager_vcpus + paid * worker_vcpus))
  [ "$spot" -eq 0 ] || check_quota L-34B43A08 'as spot instances' $((interruptible * worker_vcpus))
  check_throughput
}

# All but the standard families (A, C, D, H, I, M, R, T, Z), which share the quotas below.
has_own_quota() {
  case $1 in
    dl* | f[0-9]* | g[0-9]* | gr* | hpc* | inf* | mac* | p[0-9]* | trn* | u-* | u[0-9]* | vt* | x[0-9]*) return 0 ;;
  esac
  return 1
}

# check_quota CODE HOW VCPUS: of EC2's quotas, which count vCPUs.
check_quota() {
  local limit
  [ "$3" -gt 0 ] || return 0
  if ! ask limit service-quotas get-service-quota --service-code ec2 --quota-code "$1" --query Quota.Value; then
    note "cannot tell the limit of vCPUs $2 (servicequotas:GetServiceQuota): look that $3 more are allowed"
  elif [ "${limit%.*}" -lt "$3" ]; then
    problem "the account may run ${limit%.*} vCPUs $2, this takes $3: ask for more (Service Quotas, EC2, $1)"
  else
    ok "$3 of ${limit%.*} vCPUs $2 (other instances not counted)"
  fi
}

check_throughput() {
  local setting fast=$((managers + workers))
  if ! ask setting ssm get-service-setting --setting-id /ssm/parameter-store/high-throughput-enabled \
    --query ServiceSetting.SettingValue; then
    note "cannot tell Parameter Store's throughput (ssm:GetServiceSetting); its default is enough for 1,000 nodes"
  elif [ "$setting" != true ] && [ "$fast" -gt 1000 ]; then
    note "Parameter Store has its default throughput: switch the higher one on for $fast nodes that boot at once"
  else
    ok "Parameter Store's throughput"
  fi
}

# By IAM's own simulation, where it may be asked: CloudFormation makes all with the caller's permissions.
check_permissions() {
  local source=$identity role
  local actions=(cloudformation:CreateStack cloudformation:DescribeStacks cloudformation:DescribeStackEvents
    ec2:CreateSecurityGroup ec2:AuthorizeSecurityGroupIngress ec2:AuthorizeSecurityGroupEgress ec2:CreateTags
    ec2:CreateLaunchTemplate ec2:RunInstances iam:CreateRole iam:TagRole iam:PutRolePolicy iam:CreateInstanceProfile
    iam:AddRoleToInstanceProfile iam:PassRole kms:CreateKey kms:TagResource kms:CreateAlias
    autoscaling:CreateAutoScalingGroup autoscaling:PutLifecycleHook autoscaling:DescribeAutoScalingGroups)
  # A pool has its role, security group and key from its cluster.
  [ -z "$pool" ] || actions=(cloudformation:CreateStack cloudformation:DescribeStacks cloudformation:DescribeStackEvents
    ec2:CreateTags ec2:CreateLaunchTemplate ec2:RunInstances iam:PassRole
    autoscaling:CreateAutoScalingGroup autoscaling:PutLifecycleHook autoscaling:DescribeAutoScalingGroups)
  case $identity in
    *:root) return ;;
    *:assumed-role/*)
      role=${identity#*:assumed-role/}
      ask source iam get-role --role-name "${role%%/*}" --query Role.Arn || source=''
      ;;
  esac
  [ "${parameter_LogRetentionDays:-0}" = 0 ] || actions+=(logs:CreateLogGroup logs:PutRetentionPolicy)
  [ "${parameter_Balancer:-none}" = none ] || actions+=("${balancer_actions[@]}")
  are_service_roles_there || actions+=(iam:CreateServiceLinkedRole)
  check_allowed "$source" problem 'allow it in its IAM policy' "${actions[@]}" || return 0
  ok "permissions"
  check_allowed "$source" note 'updates of the stack need it' autoscaling:StartInstanceRefresh \
    autoscaling:DescribeInstanceRefreshes autoscaling:CancelInstanceRefresh autoscaling:RollbackInstanceRefresh || true
}

# check_allowed WHO HOW WHY ACTION...: tells of those that are not allowed, as a problem or a note; false if there are any.
check_allowed() {
  local denied
  if [ -z "$1" ] || ! ask denied iam simulate-principal-policy --policy-source-arn "$1" --action-names "${@:4}" \
    --query "EvaluationResults[?EvalDecision!='allowed'].EvalActionName"; then
    note "cannot tell what $identity may do (iam:GetRole, iam:SimulatePrincipalPolicy): the stack's creation will"
  elif [ -n "$denied" ]; then
    "$2" "$identity may not ${denied//[[:space:]]/, }: $3"
  else
    return 0
  fi
  return 1
}

# AWS's own roles for Auto Scaling, load balancers and spot instances, which are made with an account's first ones.
are_service_roles_there() {
  local arn
  ask arn iam get-role --role-name AWSServiceRoleForAutoScaling --query Role.Arn || return 1
  [ "${parameter_Balancer:-none}" = none ] ||
    ask arn iam get-role --role-name AWSServiceRoleForElasticLoadBalancing --query Role.Arn || return 1
  [ "$spot" -eq 0 ] || ask arn iam get-role --role-name AWSServiceRoleForEC2Spot --query Role.Arn
}
