#!/usr/bin/env bash
# The guest that tools/bench-wasi runs does its work.
set -euo pipefail
guests=$(cd "$(dirname "$0")" && pwd)
cd "$(mktemp -d)"
trap 'rm -r "$PWD"' EXIT

run() {
    # shellcheck disable=SC2086
    ${WRUN_EMULATOR:-} "${WRUN:?the wrun to test}" --dir . "$guests/workload.wasm" "$@"
}
head -c 100000 /dev/urandom >input
diff <(run copy input output) <(echo "100000 bytes")
cmp input output
diff <(run create files 300) <(echo "300 files")
[ "$(find files -type f -size 32c | wc -l)" -eq 300 ]
diff <(run list files) <(echo "302 entries, 227838")
diff <(run clock 1000) <(echo "1000 times")
diff <(run calls 1000) <(echo "1000 calls")
seq 5000 >lines
run lines <lines | cmp - lines
