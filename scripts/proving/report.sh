# shellcheck shell=bash
# The report: what was seen, beside what the lab does (lab.tsv, written by a run with --lab --record).
# shellcheck disable=SC2154  # what other parts have found

write_report() {
  {
    heading
    echo
    echo '| step | | seconds | seen | seconds in the lab | seen in the lab |'
    echo '|---|---|---|---|---|---|'
    step_rows
    echo
    echo '| question that only an account can answer | here | in the lab |'
    echo '|---|---|---|'
    answer_rows
    printf '\nNot asked:\n\n'
    unasked
    printf '\nLeft behind: %s\n' "${left:-nothing}"
  } >"$report"
  echo "the report is $report"
  [ -z "$record" ] || record_table >"$record"
}

heading() {
  cat <<HEAD
# swarmlet on $([ "$lab" = no ] && echo AWS || echo 'the lab'): $cluster

$(date -u +%Y-%m-%dT%H:%M:%SZ), $(git -C "$here" rev-parse --short=12 HEAD 2>/dev/null || echo 'no repository'), region $region, image ${image:-none}, instances of type $type.

$(outcome) It took $((SECONDS - began)) s and cost \$$(cost_so_far) at most, by its own count of instances' seconds and prices that are
to be checked; the budget was \$$budget.
HEAD
}

outcome() {
  if [ -n "$stopped" ]; then
    echo "**Stopped**: $stopped."
  elif [ -n "$broken" ]; then
    echo "**Failed**:$broken."
  else
    echo 'All steps ended as they should.'
  fi
}

step_rows() {
  local name state seconds text
  while IFS=$'\t' read -r name state seconds text; do
    [ -z "$name" ] || printf '| %s | %s | %s | %s | %s | %s |\n' "$name" "$state" "$seconds" "$(cell "$text")" \
      "$(of_lab "step $name" 2)" "$(cell "$(of_lab "step $name" 3)")"
  done <<<"$results"
}

answer_rows() {
  local question text
  while IFS=$'\t' read -r question text; do
    [ -z "$question" ] || printf '| %s | %s | %s |\n' "$question" "$(cell "$text")" "$(cell "$(of_lab "$question" 3)")"
  done <<<"$answers"
}

# A bar would end the cell.
cell() {
  echo "${1//|/\\|}"
}

# of_lab NAME COLUMN: what the lab's own run has written down.
of_lab() {
  awk -F '\t' -v name="$1" -v column="$2" '$1 == name { print $column; exit }' "$here/proving/lab.tsv"
}

# As lab.tsv is: name, seconds, what was seen.
record_table() {
  awk -F '\t' 'NF { print "step " $1 "\t" $3 "\t" $4 }' <<<"$results"
  awk -F '\t' 'NF { print $1 "\t\t" $2 }' <<<"$answers"
}
