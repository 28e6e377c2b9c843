# shellcheck shell=bash
# What install.sh and run.sh share; works with bash 3.2, which macOS has.

# Sets the array `lines` to the lines of a text, without the space around them and without empty
# ones. Nothing in them is evaluated.
read_lines() {
  local line
  lines=()
  while read -r line || [[ -n $line ]]; do
    line=${line%$'\r'}
    [[ -z $line ]] || lines+=("$line")
  done <<<"$1"
}

# Writes an output of the step: name, value of one line.
put_output() {
  printf '%s=%s\n' "$1" "$2" >>"${GITHUB_OUTPUT:-/dev/null}"
}
