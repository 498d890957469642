#!/usr/bin/env bash
# Makes a bundle of 02-word-count, starts a peer with it, and counts words there: the peer receives no code, compiles
# nothing, and does not load LLVM.
#
#   examples/06-bundle/run.sh BUILD_FOLDER [FOLDER...]
set -euo pipefail
build=$(cd "${1:?usage: examples/06-bundle/run.sh BUILD_FOLDER [FOLDER...]}" && pwd)
shift
[ $# -gt 0 ] || set -- /usr/share/common-licenses
folder=$(mktemp -d)
peer=
finish() {
  [ -z "$peer" ] || kill "$peer" 2>/dev/null || true
  wait
  rm -rf "$folder"
}
trap finish EXIT
trap 'exit 130' INT TERM

# 1. Ahead of time, where LLVM may be: the program's closures, compiled for this CPU.
"$build/bin/roam" bundle -o "$folder/words.roam" "$build/bin/word-count"
"$build/bin/roam" bundle show "$folder/words.roam"

# 2. A peer with the bundle and without an object cache. It tells in one line where it listens.
mkfifo "$folder/listening"
"$build/bin/roam" peer --listen 127.0.0.1:0 --cache "" --bundle "$folder/words.roam" >"$folder/listening" &
peer=$!
exec {output}<"$folder/listening"
read -r line <&"$output" || { echo "the peer ended before it listened" >&2; exit 1; }
export ROAM_JOIN=${line##* }

# 3. The program as ever.
echo
"$build/bin/word-count" "$@"

# 4. What the peer did for it: a column each of `roam status`.
column() { # HEADING
  "$build/bin/roam" status | awk -v heading="$1" 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == heading) at = i }
                                                  NR == 2 { print $at }'
}
echo
echo "slices received: $(column RECEIVED), compiled: $(column COMPILED), taken from the bundle: $(column BUNDLED)"
for process in "$peer" $(cat "/proc/$peer/task/"*/children); do
  if grep -q libLLVM "/proc/$process/maps"; then
    echo "process $process of the peer has loaded LLVM" >&2
    exit 1
  fi
done
echo "libLLVM is mapped in none of the peer's processes"
