# shellcheck shell=bash
# What the scripts share: where things are kept, and phases with their wall times.
# Sourced; the caller has set -euo pipefail.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# Not SWARMLET_…: the agent takes every variable of that name for a setting.
LAB_ROOT=$root
LAB_CACHE=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/swarmlet}
# Outside of the clone, so that a fresh clone finds what an earlier one compiled.
CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$LAB_CACHE/target}
export LAB_ROOT LAB_CACHE CARGO_TARGET_DIR
# shellcheck disable=SC2034  # the scripts that source this use them
lab=$CARGO_TARGET_DIR/debug/lab venv=$LAB_CACHE/venv validators=$LAB_CACHE/validators
cd "$root" || exit 1

phase_names=() phase_times=() phase_now=''

# Seconds since a moment of EPOCHREALTIME, with one decimal.
since() {
  local micros=$((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}))
  printf '%d.%d' $((micros / 1000000)) $((micros % 1000000 / 100000))
}

# phase NAME COMMAND...: runs it, prints how long it took, remembers it for the summary.
phase() {
  local started=$EPOCHREALTIME took
  phase_now=$1
  shift
  printf '\n== %s\n' "$phase_now"
  "$@"
  took=$(since "$started")
  printf '== %s: %s s\n' "$phase_now" "$took"
  phase_names+=("$phase_now")
  phase_times+=("$took")
  phase_now=''
}

# Prints the times of all phases so far, and the one that broke off.
phase_summary() {
  local index
  printf '\n%-28s %10s\n' phase seconds
  for index in "${!phase_names[@]}"; do
    printf '%-28s %10s\n' "${phase_names[index]}" "${phase_times[index]}"
  done
  [ -z "$phase_now" ] || printf '%-28s %10s\n' "$phase_now" failed
}

# Compiles agent and lab; the lab command and the images need both.
build() {
  cargo build --locked --workspace --bins
}
