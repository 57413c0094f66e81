# shellcheck shell=bash
# Configure and build a preset. Sourced by the scripts; needs packages.sh.

export CMAKE_BUILD_PARALLEL_LEVEL=${CMAKE_BUILD_PARALLEL_LEVEL:-$(nproc)}

# build_preset PRESET [TARGET]: installs what the preset needs, configures, builds. Quiet unless something fails.
build_preset() {
    local preset=$1 target=${2:-all} groups=(build) log started
    case $preset in
        asan | tsan | coverage) groups+=(sanitizers) ;;
        gcc) groups+=(gcc) ;;
        aarch64) groups+=(aarch64) ;;
    esac
    ensure_packages "${groups[@]}" || return 1

    echo "building $preset"
    started=$SECONDS
    log=$(mktemp)
    if ! cmake --preset "$preset" >"$log" 2>&1; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
    # Ninja's progress line is for people who watch; a log gets errors and warnings only.
    local quiet=(--quiet)
    [ -t 1 ] && quiet=()
    cmake --build --preset "$preset" --target "$target" -- "${quiet[@]}" || return 1
    echo "built $preset in $((SECONDS - started)) s"
}
