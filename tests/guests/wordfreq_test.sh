#!/usr/bin/env bash
# The guest that tools/quickstart runs prints exactly wordfreq.expected.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck disable=SC2086
${WRUN_EMULATOR:-} "${WRUN:?the wrun to test}" --dir data::/data wordfreq.wasm /data | diff wordfreq.expected -
