# shellcheck shell=bash
# The Debian packages that the project's scripts need, and their installation. Sourced by the scripts.
# docs/dependencies.md says what each package is for; keep the two together.

declare -A package_groups=(
    [build]="clang-19 lld-19 libstdc++-12-dev cmake ninja-build ccache python3
             libcli11-dev libfmt-dev libspdlog-dev libasmjit-dev libzstd-dev libb2-dev zstd libarchive-dev libiberty-dev strace catch2"
    [guests]="clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32"
    [sanitizers]="libclang-rt-19-dev llvm-19"
    [gcc]="g++-12"
    [aarch64]="g++-aarch64-linux-gnu qemu-user
               libasmjit-dev:arm64 libzstd-dev:arm64 libb2-dev:arm64 libarchive-dev:arm64 libiberty-dev:arm64"
    [checks]="clang-format-19 clang-tidy-19 python3"
)

# ensure_packages GROUP...: installs what is missing; silent and without apt when nothing is.
ensure_packages() {
    local group wanted=() missing=()
    for group in "$@"; do
        # shellcheck disable=SC2206
        wanted+=(${package_groups[$group]})
    done
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "This is not a Debian system; these packages or their like must be there: ${wanted[*]}" >&2
        return 0
    fi
    mapfile -t missing < <(missing_packages "${wanted[@]}")
    [ ${#missing[@]} -eq 0 ] && return 0

    echo "installing ${missing[*]}"
    local as_root=() log
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null; then
            echo "Run this as root, or install them by hand: apt-get install ${missing[*]}" >&2
            return 1
        fi
        as_root=(sudo)
    fi
    log=$(mktemp)
    if [[ "${missing[*]}" == *:arm64* ]]; then "${as_root[@]}" dpkg --add-architecture arm64 || return 1; fi
    install_packages() {
        "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y -q --no-install-recommends "${missing[@]}" </dev/null >"$log" 2>&1
    }
    # The package lists may be absent or out of date: update them only when the first attempt fails.
    if ! install_packages && ! { "${as_root[@]}" apt-get update -q </dev/null >"$log" 2>&1 && install_packages; }; then
        cat "$log" >&2
        echo "The packages could not be installed: ${missing[*]}" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}

# Prints those of the given packages that are not installed, each once. A name may end in an architecture.
missing_packages() {
    local installed package
    # shellcheck disable=SC2016
    installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}:${Architecture}\n' "$@" 2>/dev/null || true) # fails for unknown ones
    installed=$(sed -E "s/:(all|$(dpkg --print-architecture))$//" <<<"$installed")
    for package in "$@"; do
        grep -qxF -- "installed $package" <<<"$installed" || echo "$package"
    done | sort -u
}
