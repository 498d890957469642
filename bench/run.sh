#!/usr/bin/env bash
# Runs the benchmarks and prints `name value unit` lines.
#
#   bench/run.sh BUILD_FOLDER [NAME...]     call small cpu data first-call-compile first-call-cached
#       first-call-peer first-call-object once slice-size
#       kernel-saxpy kernel-dot kernel-poly kernel-bs unload linked watch discovery
#       push push-compile push-command live-call late-joiner update
#       compile-light compile-heavy compile-none compile-functions header matrix
set -euo pipefail
export LC_ALL=C
cd "$(dirname "$0")/.."
build=$(realpath "$1"); shift
rounds=9
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

# User and system seconds of a command.
cpu() {
  local TIMEFORMAT='%U %S'
  { time "$@" >/dev/null 2>"$folder/errors" || { cat "$folder/errors" >&2; exit 1; }; } 2>&1 |
    awk '{print $1 + $2}'
}
median() {
  sort -g | awk '{v[NR] = $1} END {print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2}'
}

# compile_ratio NAME WITH... -- WITHOUT...: median over rounds of the ratio of two compilations' processor time.
compile_ratio() {
  local name=$1 with=() without=(); shift
  while [ "$1" != -- ]; do with+=("$1"); shift; done
  shift; without=("$@")
  for _ in $(seq $rounds); do
    echo "$(cpu "${with[@]}") $(cpu "${without[@]}")"
  done >"$folder/times"
  echo "$name $(awk '{print $1 / $2}' "$folder/times" | median) ratio"
  echo "$name.with $(awk '{print $1}' "$folder/times" | median) s"
  echo "$name.without $(awk '{print $2}' "$folder/times" | median) s"
}

clang=(clang++-19 -std=c++20 -c -o "$folder/out.o")
roam=(-Iruntime/include "-fplugin=$build/lib/roam-plugin.so")

# compile_cost NAME FILE: with Roam, and without.
compile_cost() {
  compile_ratio "$1" "${clang[@]}" -O2 -DWITH_ROAM "${roam[@]}" "$2" -- "${clang[@]}" -O2 "$2"
}
# Fifty functions that other files may call: each is a slice of its own.
bench_functions() {
  {
    printf '#include <map>\n#include <string>\n#include <vector>\n'
    for i in $(seq 50); do
      echo "int count$i(const std::vector<std::string>& words) {"
      echo "  std::map<std::string, int> m; for (auto& w : words) m[w] += $i; return int(m.size()); }"
    done
  } >"$folder/functions.cpp"
  compile_cost compile-functions "$folder/functions.cpp"
}
bench_header() {
  printf '#include <roam/roam.h>\nint main() {}\n' >"$folder/roam.cpp"
  printf '#include <string>\n#include <vector>\nint main() {}\n' >"$folder/std.cpp"
  compile_ratio header "${clang[@]}" "${roam[@]}" "$folder/roam.cpp" -- "${clang[@]}" "$folder/std.cpp"
}

all=(call small cpu data first-call-compile first-call-cached first-call-peer first-call-object once slice-size
     first-call-heavy first-call-regex join
     kernel-saxpy kernel-dot kernel-poly kernel-bs unload linked watch discovery push
     push-compile push-command live-call
     late-joiner update
     compile-light compile-heavy compile-none compile-functions header matrix)
names=("$@"); [ ${#names[@]} -gt 0 ] || names=("${all[@]}")
for name in "${names[@]}"; do
  case " ${all[*]} " in
  *" $name "*) ;;
  *) echo "no benchmark is called $name; there are: ${all[*]}" >&2; exit 2 ;;
  esac
  case $name in
  compile-light | compile-heavy | compile-none) compile_cost "$name" "bench/compile/${name#compile-}.cpp" ;;
  compile-functions) bench_functions ;;
  matrix) "$build/bin/roam-bench-matrix" ;;
  header) bench_header ;;
  *) "$build/bin/roam-bench" "$name" ;;
  esac
done
