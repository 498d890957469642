#!/usr/bin/env bash
# Makes dictionary.bin anew from the slices of closures.cpp, when their canonical form has changed. Peers with another
# dictionary are still understood: their slices travel unpacked.
#
#   net/dictionary/make.sh BUILD_FOLDER
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
clang++-19 -std=c++20 -O2 -Iruntime/include -fplugin="$1/lib/roam-plugin.so" -fplugin-arg-roam-print \
  -fplugin-arg-roam-dump="$folder" -c -o "$folder/closures.o" net/dictionary/closures.cpp 2>"$folder/entries"
awk '/^roam: entry/ {print $4}' "$folder/entries" | while read -r digest; do
  cat "$folder/$digest.bc"
done >net/dictionary/dictionary.bin
wc -c net/dictionary/dictionary.bin
