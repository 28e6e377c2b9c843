#!/usr/bin/env bash
# Installs tqb into an environment of its own; the job's Python stays as it is.
#
# PYTHON is the interpreter, VENV where the environment goes, INPUT_INSTALL as in action.yml.
# Writes the output `tqb`: where the program lies.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
source "$here/common.sh"
project=$(cd "$here/../../.." && pwd)

"$PYTHON" -m venv "$VENV"
programs=$VENV/bin
[[ -d $programs ]] || programs=$VENV/Scripts
install=("$programs/python" -m pip install --quiet --disable-pip-version-check)

read_lines "$INPUT_INSTALL"
if [[ ${#lines[@]} -eq 0 ]]; then
  "${install[@]}" --requirement "$project/requirements.lock"
  "${install[@]}" --no-deps "$project"
else
  arguments=()
  for line in "${lines[@]}"; do
    [[ $line != tqb ]] || line=$project
    arguments+=("$line")
  done
  "${install[@]}" "${arguments[@]}"
fi
"$programs/tqb" --version
put_output tqb "$programs/tqb"
