# shellcheck shell=bash
# Before anything is made: may it be done, what would it be, what does it cost, and does somebody want it?
# shellcheck disable=SC2154  # the options, and what other parts have found

# What is done here besides creating a stack, which scripts/launch looks at itself.
actions=(autoscaling:SetDesiredCapacity autoscaling:DescribeAutoScalingGroups autoscaling:DescribeScalingActivities
  autoscaling:StartInstanceRefresh autoscaling:DescribeInstanceRefreshes autoscaling:CancelInstanceRefresh
  autoscaling:RollbackInstanceRefresh autoscaling:DeleteLifecycleHook autoscaling:SetInstanceProtection
  cloudformation:UpdateStack cloudformation:DeleteStack ec2:GetConsoleOutput ec2:TerminateInstances
  ec2:DescribeVolumes ec2:DescribeSnapshots ssm:GetParametersByPath ssm:DeleteParameters kms:ScheduleKeyDeletion)
image_actions=(ec2:CreateImage ec2:CreateSnapshot ec2:DeregisterImage ec2:DeleteSnapshot ec2:CreateKeyPair
  ec2:DeleteKeyPair ec2:DeleteSecurityGroup ec2:StopInstances)
spot_actions=(fis:CreateExperimentTemplate fis:StartExperiment fis:GetExperiment fis:DeleteExperimentTemplate
  fis:TagResource iam:CreateServiceLinkedRole iam:DeleteRolePolicy iam:DeleteRole)

look_before() {
  check_money
  check_own_permissions
  check_packer
  conclude
  plan_launch
  say_plan
}

check_money() {
  local cost
  cost=$(cost_at_most)
  if is_true "$(cost_of_deletion) > $budget"; then
    problem "deleting alone may cost \$$(cost_of_deletion), and the budget is \$$budget: give --budget"
  elif is_true "$cost > $budget"; then
    note "$minutes minutes of $instances_at_most instances cost \$$cost at most: it may stop before its end, at the budget of \$$budget"
  else
    ok "\$$cost at most, of a budget of \$$budget"
  fi
}

check_own_permissions() {
  local source=$identity role wanted=("${actions[@]}")
  [ -n "$image" ] || wanted+=("${image_actions[@]}")
  is_skipped spot || wanted+=("${spot_actions[@]}")
  case $identity in
    *:root) return ;;
    *:assumed-role/*)
      role=${identity#*:assumed-role/}
      ask source iam get-role --role-name "${role%%/*}" --query Role.Arn || source=''
      ;;
  esac
  check_allowed "$source" problem 'allow it in its IAM policy' "${wanted[@]}" || return 0
  ok 'permissions for what is done besides'
}

check_packer() {
  [ -z "$image" ] || return 0
  command -v packer >/dev/null || problem "there is no Packer (https://developer.hashicorp.com/packer), which makes the image: install it, or give --image"
  [ -f "$binary" ] || problem "there is no $binary to put into the image: cargo build --release, or give --binary"
}

# By scripts/launch itself. An image that is still to be made is stood for by the one that it is made from.
plan_launch() {
  local base=$image
  [ -n "$base" ] || base=$(base_image) || {
    echo "cannot go on: there is no image of $distribution in $region: $refusal" >&2
    exit 1
  }
  [ -n "$image" ] || echo "looking with $base, which the image is made from and which has no swarmlet yet"
  # The user data is a screenful.
  launch "$base" --plan | cut -c 1-120
}

say_plan() {
  cat <<PLAN

$([ "$lab" = no ] && echo 'On AWS, with real money, this' || echo 'In the lab, this')
  $([ -n "$image" ] && echo "takes the image $image" || echo "makes an image of $distribution by Packer, and deletes it at the end")
  creates the stack $cluster: three managers and three workers of type $type, $([ "$spot" = 0 ] && echo 'all on demand' || echo 'two of the workers on demand')
  adds a worker$(is_skipped spot || echo ', has a spot worker interrupted by the Fault Injection Service')$(is_skipped refresh || echo ', replaces all instances by an update'), takes two workers away
  terminates $(is_skipped leader && echo 'no leader' || echo 'the leader'), and $(is_skipped managers && echo 'no manager else' || echo 'all managers at once')
  deletes the stack, its records$([ -n "$image" ] || echo ', the image') and whatever else it made
It takes $minutes minutes at most and costs \$$(cost_at_most) at most, by prices that are to be checked (docs/proof.md); it stops
when it has cost \$$budget. Deleting goes on after that, and when it is interrupted. What a run that was killed has left goes
by scripts/prove-on-aws --clean $cluster --region $region
PLAN
}

ask_whether() {
  local answer=''
  [ "$yes" = no ] || return 0
  read -rp "Type the name $cluster to go on: " answer || true
  if [ "$answer" != "$cluster" ]; then
    echo "nothing was changed" >&2
    exit 1
  fi
}
