#!/usr/bin/env bash
# Starts two peers as separate programs, runs the word count and the Mandelbrot set on them twice, and shows what each did.
#
#   examples/demo.sh BUILD_FOLDER
set -euo pipefail
build=$1
folder=$(mktemp -d)
peers=()
finish() {
  [ ${#peers[@]} -eq 0 ] || kill "${peers[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT

# The peers know nothing of the examples: they are the plain `roam` program, with an empty object cache.
for i in 1 2; do
  "$build/bin/roam" peer --listen 127.0.0.1:0 --workers 1 --cache "$folder/cache-$i" >"$folder/peer-$i" &
  peers+=($!)
done
addresses=()
for i in 1 2; do
  for _ in $(seq 300); do
    grep -q 'listening on' "$folder/peer-$i" && break
    sleep 0.1
  done
  addresses+=("$(sed -n 's/.*listening on //p' "$folder/peer-$i")")
done
export ROAM_JOIN="${addresses[0]},${addresses[1]}"
echo "two peers: $ROAM_JOIN"

status() { "$build/bin/roam" status; }
for round in first second; do
  echo; echo "--- $round run: words of this machine's licence texts and C++ headers"
  "$build/bin/word-count"
  echo "--- $round run: the Mandelbrot set"
  "$build/bin/mandelbrot" "$build/mandelbrot.png"
  echo "--- what the peers did until now (slices: code they received)"
  status
done
