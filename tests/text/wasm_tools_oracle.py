#!/usr/bin/env python3
"""usage: wasm_tools_oracle.py WASM_TOOLS SEED COUNT

Modules made by `wasm-tools smith` are printed by both tools and read by both: whatever way a module
takes, the same bytes come out."""
import os
import pathlib
import random
import shlex
import subprocess
import sys
import tempfile

WRUN = shlex.split(os.environ.get("WRUN_EMULATOR", "")) + [os.environ["WRUN"]]
PROPOSALS = [
    "bulk-memory", "compact-imports", "custom-descriptors", "custom-page-sizes", "exceptions",
    "extended-const", "gc", "memory64", "multi-value", "reference-types", "relaxed-simd", "simd",
    "tail-call", "threads", "wide-arithmetic"]


def smith_options(rng):
    # What smith does by itself, or some proposals and not others.
    if rng.random() < 0.5:
        return []
    return [f"--{name}-enabled={str(rng.random() < 0.8).lower()}" for name in PROPOSALS]


class Comparison:
    def __init__(self, wasm_tools, folder):
        self.wasm_tools = wasm_tools
        self.folder = pathlib.Path(folder)

    def run(self, *command, **options):
        result = subprocess.run(command, capture_output=True, cwd=self.folder, **options)
        if result.returncode != 0:
            raise AssertionError(f"{shlex.join(map(str, command))}: {result.stderr.decode()}")
        return result

    def make(self, rng):
        seed = rng.randbytes(rng.choice([100, 1000, 4000, 20000]))
        self.run(self.wasm_tools, "smith", "--max-memories=4", "--max-tables=4",
                 "--export-everything=true", *smith_options(rng), "-o", "made.wasm", input=seed)

    def read(self, text):
        self.run(self.wasm_tools, "parse", text, "-o", "theirs.wasm")
        self.run(*WRUN, "wat2wasm", text, "-o", "ours.wasm")
        theirs, ours = [(self.folder / name).read_bytes() for name in ("theirs.wasm", "ours.wasm")]
        assert theirs == ours, f"{text} is read in different ways"
        return ours

    def check(self):
        self.run(self.wasm_tools, "print", "made.wasm", "-o", "theirs.wat")
        expected = self.read("theirs.wat")
        for name, options in ("flat.wat", []), ("folded.wat", ["--fold"]):
            self.run(*WRUN, "wasm2wat", *options, "made.wasm", "-o", name)
            assert self.read(name) == expected, f"{name} is another module than theirs.wat"


def main():
    wasm_tools, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    failed = 0
    for number in range(count):
        with tempfile.TemporaryDirectory() as folder:
            comparison = Comparison(wasm_tools, folder)
            comparison.make(random.Random(f"{seed} {number}"))
            try:
                comparison.check()
            except AssertionError as error:
                failed += 1
                kept = pathlib.Path(tempfile.gettempdir()) / f"wrun-text-{seed}-{number}.wasm"
                kept.write_bytes((comparison.folder / "made.wasm").read_bytes())
                print(f"{kept}: {error}")
    print(f"{count} modules, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
