#!/usr/bin/env bash
# Writes figures into the table of docs/reliability.md, and passes them on:
#
#   ./dev bench faults [FIGURE...] | bench/reliability.sh
#
# Rows of figures that the run did not print stay as they are.
set -euo pipefail
page="$(dirname "$0")/../docs/reliability.md"
lines=$(mktemp)
trap 'rm -f "$lines" "$lines.page"' EXIT
tee "$lines"

# A row is `| name | fault | aim | reached |`; between the marks the last cell is what was printed last.
awk -v day="$(date +%F)" '
  NR == FNR { if (NF >= 2) { reached[$1] = $2 ($3 == "" ? "" : " " $3) } next }
  /<!-- figures -->/ { inside = 1 }
  /<!-- end of figures -->/ { inside = 0 }
  inside && split($0, cells, " *[|] *") >= 5 && cells[2] in reached {
    $0 = "| " cells[2] " | " cells[3] " | " cells[4] " | " reached[cells[2]] ", " day " |"
  }
  { print }' "$lines" "$page" >"$lines.page"
cat "$lines.page" >"$page"
