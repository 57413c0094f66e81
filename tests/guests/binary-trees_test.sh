#!/usr/bin/env bash
# Trees of structures: every node is found again, with and without much room, and collections are logged.
set -euo pipefail
cd "$(dirname "$0")"
wrun() {
    # shellcheck disable=SC2086
    ${WRUN_EMULATOR:-} "${WRUN:?the wrun to test}" "$@"
}
wrun --invoke run binary-trees.wasm 10 | grep -qx 135854
wrun --max-gc-heap 1MiB --invoke run binary-trees.wasm 10 | grep -qx 135854
wrun --log gc --max-gc-heap 1MiB --invoke run binary-trees.wasm 10 2>&1 | grep "collection 1: .* MiB live" > /dev/null
status=0
message=$(wrun --max-gc-heap 64KiB --invoke run binary-trees.wasm 12 2>&1) || status=$?
[ "$status" = 134 ]
grep -q "out of memory" <<< "$message"
