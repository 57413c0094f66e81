# shellcheck shell=bash
# WebAssembly's test suite. Sourced by tools/test.

testsuite_repository=https://github.com/WebAssembly/testsuite
testsuite_commit=193e551ff22663995b1ac95dc62344133669e14b

# ensure_testsuite: where the suite is neither beside the checkout nor given by $WRUN_SPEC_TESTSUITE_DIR, gets the commit
# that we test against into build/ and points that variable to it. Without a network the tests go on without the suite.
ensure_testsuite() {
    [ -z "${WRUN_SPEC_TESTSUITE_DIR:-}" ] && [ ! -d ../shared/spec-testsuite ] || return 0
    local folder=$PWD/build/testsuite-$testsuite_commit
    if [ ! -d "$folder" ]; then
        echo "fetching WebAssembly's test suite"
        local partial=$folder.partial
        rm -rf "$partial"
        if ! { git init -q "$partial" &&
            timeout 120 git -C "$partial" fetch -q --depth 1 "$testsuite_repository" "$testsuite_commit" &&
            git -C "$partial" -c advice.detachedHead=false checkout -q FETCH_HEAD; } 2>/dev/null; then
            rm -rf "$partial"
            echo "cannot fetch $testsuite_repository"
            return 0
        fi
        mv "$partial" "$folder"
    fi
    export WRUN_SPEC_TESTSUITE_DIR=$folder
}
