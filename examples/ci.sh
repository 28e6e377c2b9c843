#!/bin/sh
# The gate in any CI that can run a shell: what broke is in its output and in tqb.junit.xml.
# Packs, target and prompt are those of tqb.toml; requirements.txt names tqb.
set -eu

python3 -m venv .venv && .venv/bin/python -m pip install --quiet -r requirements.txt
PATH=$PWD/.venv/bin:$PATH

code=0
tqb run --baseline tqb-baseline.jsonl -o tqb.junit.xml -o tqb.json || code=$?

case $code in
  0) echo "tqb: the pipeline passes" ;;
  1) echo "tqb: the gate failed, see above what broke" >&2 ;;
  3) echo "tqb: no verdict, too many calls failed; try again" >&2 ;; # code=0 here lets it through
  4) echo "tqb: no verdict, the run would cost more than --max-cost" >&2 ;;
  *) echo "tqb: no verdict, exit code $code" >&2 ;;
esac
exit "$code"
