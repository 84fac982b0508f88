# shellcheck shell=bash
# Asking AWS, and telling what was found: ok, a warning, or a problem with what to do about it.
# shellcheck disable=SC2154  # the options, and what other parts have found

problems=0 refusal=''

# ask VARIABLE ARGUMENT...: what the AWS CLI prints as text; if it fails, why is in $refusal.
ask() {
  local answer
  refusal=''
  if answer=$(aws --region "$region" --output text "${@:2}" 2>"$scratch/refusal"); then
    # What is not there is None in this format.
    [ "$answer" != None ] || answer=''
    printf -v "$1" %s "$answer"
    return 0
  fi
  refusal=$(grep . "$scratch/refusal" | tail -n 1)
  return 1
}

ok() {
  printf '  ok       %s\n' "$1"
}

note() {
  printf '  warning  %s\n' "$1"
}

# What nobody should pass over, although it goes on.
loudly() {
  printf '\n  WARNING  %s\n\n' "$*"
}

problem() {
  printf '  PROBLEM  %s\n' "$1"
  problems=$((problems + 1))
}

# What to tell of a call that failed: who lacks which permission, or AWS's own words.
unanswered() {
  local what=$1 permission=$2
  case $refusal in
    *AccessDenied* | *UnauthorizedOperation* | *'not authorized'*)
      problem "cannot look at $what: allow $permission in the IAM policy of $identity"
      ;;
    *) problem "cannot look at $what: ${refusal#An error occurred }" ;;
  esac
}

conclude() {
  [ "$problems" -eq 0 ] && return
  echo >&2
  echo "cannot launch: $problems problem(s), see above; nothing was changed" >&2
  exit 1
}
