#!/usr/bin/env bash
# Rebuilds the .wasm of every guest in this folder from its C source, with clang and wasi-libc.
set -euo pipefail
cd "$(dirname "$0")"
source ../../tools/lib/packages.sh
ensure_packages guests

for source in *.c; do
    clang-19 --target=wasm32-wasi -std=c17 -O2 -Wall -Wextra -Werror -Wl,--strip-all -o "${source%.c}.wasm" "$source"
    echo "${source%.c}.wasm: $(stat -c %s "${source%.c}.wasm") bytes"
done
