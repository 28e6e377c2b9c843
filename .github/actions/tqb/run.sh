#!/usr/bin/env bash
# Runs the gate as action.yml describes it.
#
# TQB is the program, INPUT_… the inputs. No input is evaluated: each line reaches tqb as it is.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# Shows a message beside the verdict and in the step's summary: level, heading, message.
say() {
  printf '::%s title=tqb%%3A %s::%s\n' "$1" "${2//:/%3A}" "$3"
  printf '### tqb: %s\n\n%s\n\n' "$2" "$3" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
}

# Ends the step: status, exit code of tqb or nothing, exit code of the step.
finish() {
  put_output status "$1"
  put_output exit-code "$2"
  exit "$3"
}

refuse() {
  say error "no verdict" "$1"
  finish error 2 2
}

# Sets the array `missing` to the variables in INPUT_NEEDS_SECRET that are empty.
find_missing() {
  local name names=()
  missing=()
  IFS=$', \t\n' read -r -d '' -a names <<<"$INPUT_NEEDS_SECRET" || true
  for name in ${names[@]+"${names[@]}"}; do
    [[ $name =~ ^[A-Za-z_][A-Za-z0-9_]*$ ]] ||
      refuse "needs-secret takes names of environment variables, not their values"
    [[ -n ${!name:-} ]] || missing+=("$name")
  done
}

# Sets the array `arguments` to those of `tqb run`; arguments of this function go before the packs.
collect_arguments() {
  arguments=()
  [[ -z $INPUT_CONFIG ]] || arguments+=("--config=$INPUT_CONFIG")
  [[ -z $INPUT_TARGET ]] || arguments+=("--target=$INPUT_TARGET")
  [[ -z $INPUT_BASELINE ]] || arguments+=("--baseline=$INPUT_BASELINE")
  read_lines "$INPUT_ARGS"
  arguments+=(${lines[@]+"${lines[@]}"} "$@")
  read_lines "$INPUT_PACKS"
  [[ ${#lines[@]} -eq 0 ]] || arguments+=(-- "${lines[@]}")
}

case $INPUT_ON_INCONCLUSIVE in
  fail | neutral) ;;
  *) refuse "on-inconclusive is fail or neutral" ;;
esac

find_missing
mode=live
if [[ ${#missing[@]} -eq 0 ]]; then
  collect_arguments
elif [[ -n $INPUT_CASSETTE && -d $INPUT_CASSETTE ]]; then
  mode=replay
  collect_arguments "--record=$INPUT_CASSETTE" --offline
  say notice "replayed: no secret" \
    "${missing[*]} is not set here, as in a pull request from a fork: the answers are those of the cassette, the pipeline was not asked."
else
  put_output mode skipped
  say notice "not run: no secret" \
    "${missing[*]} is not set here, as in a pull request from a fork, and there is no cassette: nothing was asked, and nothing is known of this change."
  finish skipped "" 0
fi
put_output mode "$mode"

code=0
"$TQB" run ${arguments[@]+"${arguments[@]}"} || code=$?

case $code in
  0) finish pass 0 0 ;;
  1) finish fail 1 1 ;;
  3)
    # What a cassette does not hold was not recorded: no provider is to blame, and no time mends it.
    [[ $INPUT_ON_INCONCLUSIVE == neutral && $mode == live ]] || finish inconclusive 3 3
    say warning "neutral" \
      "The run was inconclusive, and this job goes on without a verdict (on-inconclusive: neutral): nothing is known of this change."
    finish inconclusive 3 0
    ;;
  4) finish budget 4 4 ;;
  5) finish nothing 5 5 ;;
  130) finish interrupted 130 130 ;;
  *)
    say error "no verdict" "tqb ended in $code; its message is in the log of this step."
    finish error "$code" "$code"
    ;;
esac
