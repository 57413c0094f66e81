# shellcheck shell=bash
# Configure and build a preset. Sourced by the scripts; needs packages.sh.

export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

# quietly COMMAND...: runs it and shows what it printed only if it fails.
quietly() {
    local log status=0
    log=$(mktemp)
    "$@" >"$log" 2>&1 || { status=$?; cat "$log" >&2; }
    rm -f "$log"
    return $status
}

# build_preset PRESET [TARGET]: installs what the preset needs, configures, builds. Quiet unless something fails.
build_preset() {
    local preset=$1 target=${2:-all} groups=(build) started
    case $preset in
        asan | tsan | fuzz | coverage) groups+=(sanitizers) ;;
        gcc) groups+=(gcc) ;;
        aarch64) groups+=(aarch64) ;;
    esac
    ensure_packages "${groups[@]}" || return 1

    echo "building $preset"
    started=$SECONDS
    quietly cmake --preset "$preset" || return 1
    # Progress is for people who watch.
    local build=(cmake --build --preset "$preset" --target "$target")
    if [ -t 1 ]; then "${build[@]}"; else quietly "${build[@]}" -- --quiet; fi || return 1
    echo "built $preset in $((SECONDS - started)) s"
}
