# shellcheck shell=bash
# What no lab can tell: AWS is asked, and what it said is kept as a line each, question and answer.
# shellcheck disable=SC2034,SC2154  # what other parts have found

answers=''

# answer QUESTION TEXT
answer() {
  answers+="$1"$'\t'"${2//[$'\t\n']/ }"$'\n'
}

# What a manager and a worker say of themselves: which kernel and engine, what `swarmlet doctor` says of their permissions.
step_facts() {
  local manager worker
  manager=$(in_service "$members_manager" | head -n 1)
  worker=$(in_service "$members_worker" | head -n 1)
  now='no facts on the console'
  until_so 600 says PROOF-FACTS "$manager" || return 1
  answer 'kernel modules of the routing mesh and overlays' "$(fact os), kernel $(kernel): ip_vs $(fact ip_vs), vxlan $(fact vxlan)"
  answer "doctor's tries of permissions, manager" "$(permissions)"
  seen="$(fact os), engine $(fact engine)"
  until_so 600 says PROOF-FACTS "$worker" || return 1
  answer "doctor's tries of permissions, worker" "$(permissions)"
}

# fact NAME: of what was heard last.
fact() {
  local rest=${heard#* "$1"=}
  echo "${rest%% *}"
}

# Containers of the lab run on whatever kernel its host has.
kernel() {
  if [ "$lab" = yes ]; then echo "of the lab's host"; else fact kernel; fi
}

# Those that doctor is content with by name, all others in full.
permissions() {
  local rest=${heard#* permissions=} finding grade action allowed='' others=''
  while IFS= read -r finding; do
    read -r grade _ action _ <<<"$finding"
    if [ "$grade" != ok ]; then
      others+="; $finding"
    elif [[ " $allowed " != *" $action "* ]]; then
      allowed+=" $action"
    fi
  done < <(tr ';' '\n' <<<"${rest% END}" | grep .)
  echo "allowed:${allowed:- none}${others}"
}

# Those that this command does not ask, and why.
unasked() {
  cat <<'WHY'
- Whether CloudFormation, when an update is rolled back, replaces all instances again. It takes an update that fails on
  purpose, and the lab rolls nothing back to try such a step on.
- How long CloudFormation waits for a refresh of twenty workers and more, and at which rate Auto Scaling refuses calls when
  fifty nodes leave at once. Both take more instances than a new account may run.
- What other partitions (China, GovCloud) do otherwise. It takes an account there.
WHY
}
