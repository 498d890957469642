#!/usr/bin/env bash
# Starts two peers as separate programs, runs word count and Mandelbrot set on them twice, and shows what each did.
#
#   examples/demo.sh BUILD_FOLDER
set -euo pipefail
build=$(cd "${1:?usage: examples/demo.sh BUILD_FOLDER}" && pwd)
folder=$(mktemp -d)
processes=()
finish() {
  [ ${#processes[@]} -eq 0 ] || kill "${processes[@]}" 2>/dev/null || true
  wait
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

# The peers are the plain `roam` program, built without the examples, each with an empty object cache. Each tells in one
# line where it listens, which the read waits for. They end with this script.
addresses=()
export ROAM_ALLOW_ROOT=true # what runs here is the code of the examples alone
for i in 1 2; do
  mkfifo "$folder/peer-$i"
  "$build/bin/roam" peer --listen 127.0.0.1:0 --cache "$folder/cache-$i" >"$folder/peer-$i" &
  processes+=($!)
  exec {output}<"$folder/peer-$i"
  read -r line <&"$output" || { echo "peer $i ended before it listened" >&2; exit 1; }
  addresses+=("${line##* }")
done
export ROAM_JOIN="${addresses[0]},${addresses[1]}"
echo "Two peers, each the plain program \`roam peer\`, which knows nothing of the examples:"
for i in 1 2; do echo "  peer $i  process ${processes[i - 1]} at ${addresses[i - 1]}"; done

# Since the peers started: tab-separated address, name, workers, chunks, elements, slices, received, compiled, ...
counters() { "$build/bin/roam" status --plain; }

report() { # BEFORE AFTER ELEMENTS: what each peer did between two readings of its counters
  awk -F '\t' -v what="$3" '
    NR == FNR { elements[$1] = $5; received[$1] = $7; compiled[$1] = $8; next }
    { printf "  peer %d ran %4d %s; slices shipped to it: %d, compiled by it: %d\n", FNR, $5 - elements[$1], what,
             $7 - received[$1], $8 - compiled[$1] }' "$1" "$2"
}

run() { # ELEMENTS COMMAND...
  local elements=$1 round start; shift
  for round in first second; do
    echo
    echo "--- $(basename "$1"), $round time"
    counters >"$folder/before"
    start=${EPOCHREALTIME/./}
    "$@" | tee "$folder/output-$round"
    echo "  $(((${EPOCHREALTIME/./} - start) / 1000)) ms"
    counters >"$folder/after"
    report "$folder/before" "$folder/after" "$elements" | tee "$folder/report-$round"
  done
  cmp "$folder/output-first" "$folder/output-second"
  if grep -qv 'shipped to it: 0, compiled by it: 0$' "$folder/report-second"; then
    echo "code travelled a second time" >&2
    exit 1
  fi
}

run files "$build/bin/word-count"
run rows "$build/bin/mandelbrot" "$build/mandelbrot.png"
echo
echo "The picture is $build/mandelbrot.png."
