#!/usr/bin/env python3
"""Runs guest programs listed in a manifest under wrun, and compares exit status and output with it.

usage: guests_test.py --manifest MANIFEST.TSV --list
       guests_test.py --manifest MANIFEST.TSV [--full] [--run-options "OPTION..."] [--cross "WRUN OPTION..."] NAME...

The executable is $WRUN, started by $WRUN_EMULATOR if that is set. --list prints `run NAME KIND` or `leave-out NAME: WHY`
for each guest. Guests run with `args_small`, or with `args` under --full. With --cross, the files of compiled code that
run are made by another executable, for this one's kind of processor; this one has to make the same.

The manifest has a header line and one guest a line, fields separated by tabs; paths are relative to its folder:
  name, wasm      the guest and its file
  features        what it needs beyond WebAssembly 2.0, separated by commas or blanks
  args, args_small  command lines
  cwd             a folder to copy to a fresh working directory first
  dirs            mappings host::guest, separated by `;`
  env             settings NAME=VALUE, separated by `;`
  stdin           a file, or the text itself
  clean, outfiles files (separated by `;`) to remove before a run; files whose bytes are appended to the output
  hash_streams    stdout, or both (standard output, then standard error)
  exit, sha256, sha256_small  expected exit status and hash of the output
"""

import argparse
import csv
import hashlib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Features that wrun does not run yet.
LEFT_OUT_FEATURES = {"gc"}

TIMEOUT_SECONDS = 590

os.environ.setdefault("WRUN_CACHE_DIR", "")


def read_manifest(path):
    with open(path, newline="", encoding="utf-8") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [{key: value or "" for key, value in row.items()} for row in rows]


def split_list(text):
    return [part for part in text.split(";") if part]


def features(guest):
    return set(guest["features"].replace(",", " ").split())


def list_guests(guests):
    for guest in guests:
        missing = features(guest) & LEFT_OUT_FEATURES
        if missing:
            print(f"leave-out {guest['name']}: needs {', '.join(sorted(missing))}")
        else:
            print(f"run {guest['name']} {guest['kind'] or 'other'}")


def wrun():
    return shlex.split(os.environ.get("WRUN_EMULATOR", "")) + [os.environ["WRUN"]]


def compile_module(module, scratch, cross):
    """Where the compiled module is."""
    output = Path(scratch) / (module.stem + ".cwasm")
    subprocess.run(wrun() + ["compile", str(module), "-o", str(output)], timeout=TIMEOUT_SECONDS, check=True)
    if not cross:
        return output
    executable, *options = cross
    crossed = output.with_suffix(".crossed")
    subprocess.run([executable, "compile", *options, str(module), "-o", str(crossed)], timeout=TIMEOUT_SECONDS, check=True)
    if crossed.read_bytes() != output.read_bytes():
        raise RuntimeError(f"{executable} compiles {module.name} to something else")
    return crossed


def command_line(guest, folder, options, scratch):
    run_options = shlex.split(options.run_options)
    module = folder / guest["wasm"]
    if "--compiled" in run_options or options.cross:
        run_options = ["--argv0", module.name]
        module = compile_module(module, scratch, shlex.split(options.cross))
    command = wrun() + run_options
    for mapping in split_list(guest["dirs"]):
        command += ["--dir", mapping]
    for setting in split_list(guest["env"]):
        command += ["--env", setting]
    command.append(str(module))
    return command + shlex.split(guest["args"] if options.full else guest["args_small"])


def standard_input(guest, folder):
    if not guest["stdin"]:
        return b""
    path = folder / guest["stdin"]
    return path.read_bytes() if path.is_file() else guest["stdin"].encode()


def run(guest, folder, options):
    """Runs one guest; returns what is wrong, or nothing."""
    with tempfile.TemporaryDirectory(prefix="wrun-guest-") as scratch:
        work = Path(scratch) / "work"
        if guest["cwd"]:
            shutil.copytree(folder / guest["cwd"], work)
            for path in (work, *work.rglob("*")):  # the original may be read-only
                path.chmod(path.stat().st_mode | 0o200)
        else:
            work.mkdir()
        for name in split_list(guest["clean"]):
            (work / name).unlink(missing_ok=True)

        try:
            command = command_line(guest, folder, options, scratch)
        except (RuntimeError, subprocess.SubprocessError) as problem:
            return str(problem)
        print("$", shlex.join(command), flush=True)
        try:
            result = subprocess.run(command, cwd=work, input=standard_input(guest, folder), capture_output=True,
                                    timeout=TIMEOUT_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            return f"did not end within {TIMEOUT_SECONDS} s"

        output = result.stdout + (result.stderr if guest["hash_streams"] == "both" else b"")
        problems = []
        for name in split_list(guest["outfiles"]):
            path = work / name
            if path.is_file():
                output += path.read_bytes()
            else:
                problems.append(f"wrote no file {name}")

        if result.returncode != int(guest["exit"] or 0):
            problems.append(f"exit status {result.returncode}, expected {guest['exit'] or 0}")
        expected = guest["sha256"] if options.full else guest["sha256_small"]
        found = hashlib.sha256(output).hexdigest()
        if found != expected:
            problems.append(f"sha256 of the output {found}, expected {expected}")
        if problems:
            for stream, data in (("standard output", result.stdout), ("standard error", result.stderr)):
                if data:
                    print(f"--- {stream}, the last of {len(data)} bytes\n{data[-2000:].decode(errors='replace')}")
        return "; ".join(problems)


def main():
    parser = argparse.ArgumentParser(description="Runs the guest programs of a manifest under $WRUN.")
    parser.add_argument("--manifest", required=True, type=Path)
    parser.add_argument("--list", action="store_true", help="print the guests and what is left out")
    parser.add_argument("--run-options", default="--tier interp", help="what wrun is given besides what the guest needs")
    parser.add_argument("--cross", default="", help="what else compiles: an executable and its options")
    parser.add_argument("--full", action="store_true", help="the long command lines")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()

    guests = read_manifest(options.manifest)
    if options.list:
        list_guests(guests)
        return 0

    unknown = set(options.names) - {guest["name"] for guest in guests}
    if unknown or not options.names:
        parser.error(f"no such guest: {', '.join(sorted(unknown))}" if unknown else "which guests?")
    if "WRUN" not in os.environ:
        parser.error("$WRUN must name the executable to test")
    folder = options.manifest.resolve().parent
    failed = False
    for guest in guests:
        if guest["name"] in options.names:
            problem = run(guest, folder, options)
            if problem:
                print(f"{guest['name']}: {problem}")
                failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
