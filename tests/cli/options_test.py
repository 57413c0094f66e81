"""The command line itself: parsing, help, the manual page, completions."""

import os
import re
import subprocess

import harness
from harness import COMMAND, CliTest
from wasm_builder import *

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Usage(CliTest):
    def setUp(self):
        super().setUp()
        self.file("x.wasm", exits_with(5))

    def refuses(self, *arguments_and_text):
        *arguments, text = arguments_and_text
        self.check(*arguments, status=2, stdout=b"", stderr=["error: ", text])

    def test_no_module(self):
        self.refuses("no module to run; see `wrun --help`")
        self.refuses("run", "no module to run")
        self.refuses("--dir", ".", "no module to run")
        self.refuses("validate", "usage: wrun validate")
        self.refuses("info", "x.wasm", "x.wasm", "usage: wrun info")

    def test_unknown_options(self):
        self.refuses("--invok", "f", "x.wasm", "no option `--invok`; did you mean `--invoke`?")
        self.refuses("--frobnicate=1", "x.wasm", "no option `--frobnicate`; see `wrun --help-all`")
        self.refuses("-Z", "x.wasm", "no option `-Z`")
        self.refuses("info", "--dir", ".", "x.wasm", "no option `--dir`")
        self.refuses("validate", "x.wasm", "--foo", "no option `--foo`")

    def test_missing_values(self):
        self.refuses("--timeout", "--timeout")
        self.refuses("--inherit-env=yes", "x.wasm", "--inherit-env: takes no value")

    def test_bad_values(self):
        self.refuses("--timeout", "soon", "x.wasm", "--timeout: `soon` is not a time such as 200ms")
        self.refuses("--timeout", "-1", "x.wasm", "`-1` is not a time")
        self.refuses("--timeout", "1e300h", "x.wasm", "`1e300h` is not a time")
        self.refuses("--max-memory", "big", "x.wasm", "--max-memory: `big` is not a size such as 65536")
        self.refuses("--max-stack", "1X", "x.wasm", "--max-stack: `1X` is not a size")
        self.refuses("--fuel", "1.5", "x.wasm", "--fuel: `1.5` is not a number of instructions")
        self.refuses("--fuel", str(2**63), "x.wasm", "is not a number of instructions")
        self.refuses("--stats=xml", "x.wasm", "--stats: `xml` is not `json` or nothing")
        self.refuses("--log", "loud", "x.wasm", "--log: `loud` is not one of: error warn info")
        self.refuses("--env", "=1", "x.wasm", "--env: the name is missing")
        self.refuses("--enable", "warp", "x.wasm", "there is no proposal `warp`; known are mvp, ")

    def test_units(self):
        for size in ["1", "64K", "64KiB", "1.5GiB", "2MB", "1T"]:
            self.check("--max-memory", size, "--max-stack", "1M", self.file("e.wasm", Module().bytes()))
        for time in ["1", "0.5", "100ms", "1.5s", "10us", "100ns", "2m", "1h"]:
            self.check("--timeout", time, self.file("e.wasm", Module().bytes()))

    def test_wasmtime_spellings(self):
        self.check("-W", "fuel=1000,timeout=1s", "-W", "max-memory-size=1000000", "-O", "opt-level=2",
                   "-C", "cache=n", "-S", "cli,inherit-env=n", "-W", "simd=y,threads", "x.wasm", status=5)
        self.refuses("-W", "bogus=1", "x.wasm", "-W: there is no key `bogus`; known are fuel, timeout")
        self.refuses("-S", "http", "x.wasm", "-S: there is no key `http`; known are inherit-env, tcplisten, threads, cli")
        self.refuses("-O", "pooling-allocator", "x.wasm", "-O: there is no key `pooling-allocator`")
        self.refuses("-C", "compiler=winch", "x.wasm", "-C: there is no key `compiler`")
        self.refuses("-D", "debug-info", "x.wasm", "-D: there is no key `debug-info`; known are none")
        self.refuses("-W", "fuel", "x.wasm", "-W fuel: `` is not a number")
        self.refuses("-W", "simd=maybe", "x.wasm", "-W simd: `maybe` is not y or n")
        self.refuses("-O", "opt-level=9", "x.wasm", "-O opt-level: `9` is not one of")
        self.refuses("-S", "cli=n", "x.wasm", "cannot be switched off")


class Texts(CliTest):
    def text(self, *arguments):
        return self.check(*arguments).stdout.decode()

    def test_help_fits_a_screen(self):
        for arguments in (["--help"], ["-h"], ["help"], ["run", "--help"]):
            text = self.text(*arguments)
            self.assertLessEqual(len(text.splitlines()), 24)
            self.assertLessEqual(max(map(len, text.splitlines())), 80)
            self.assertIn("--dir", text)
            self.assertNotIn("--max-stack", text)

    def test_help_all(self):
        text = self.text("--help-all")
        self.assertLessEqual(max(map(len, text.splitlines())), 80)
        for option in ["--dir", "--max-stack", "--log", "-W", "--quiet"]:
            self.assertIn(option, text)

    def test_help_of_commands(self):
        for command in ("validate", "info", "completion"):
            self.assertIn("Usage: wrun " + command, self.text(command, "--help"))
            self.assertIn("Usage: wrun " + command, self.text("help", command))
        self.assertIn("--json", self.text("info", "--help"))
        self.check("help", "nothing", status=2, stderr="there is no command `nothing`")

    def test_version(self):
        self.assertRegex(self.text("--version"), r"^wrun \d+\.\d+\.\d+\n$")
        self.assertEqual(self.text("-V"), self.text("run", "--version"))

    def test_manual_page_is_up_to_date(self):
        with open(os.path.join(ROOT, "docs/wrun.1")) as page:
            self.assertEqual(page.read(), self.text("man"), "run: wrun man > docs/wrun.1")

    def commands(self):
        usage = self.text("--help").split("Commands:\n")[1].split("Options,")[0]
        return re.findall(r"^  ([a-z0-9]+) ", usage, re.M)

    def test_documentation_knows_every_option(self):
        with open(os.path.join(ROOT, "docs/cli.md")) as page:
            documented = set(re.findall(r"`(--?[A-Za-z][a-z0-9-]*)", page.read()))
        options = set()
        for command in self.commands():
            for line in self.text(command, "--help-all").splitlines():
                if line.startswith("  -"):
                    options |= set(re.findall(r"(?:^|[ ,])(--?[A-Za-z][a-z0-9-]*)", line[:30]))
        self.assertEqual(options - documented, set())
        self.assertEqual(documented - options, set(), "docs/cli.md names options that do not exist")


class Completion(CliTest):
    def script(self, shell):
        return self.check("completion", shell).stdout.decode()

    def test_unknown_shell(self):
        self.check("completion", "csh", status=2, stderr="no completion for `csh`")

    def test_every_shell_knows_every_option(self):
        names = re.findall(r"--([a-z0-9-]+)", self.check("--help-all").stdout.decode())
        for shell in ("bash", "zsh", "fish"):
            script = self.script(shell)
            for name in names:
                self.assertIn(name, script, shell)

    def complete(self, *words):
        self.file("completion", self.script("bash").encode())
        lines = ["source completion", "COMP_WORDS=(" + " ".join(f"'{word}'" for word in words) + ")",
                 f"COMP_CWORD={len(words) - 1}", "_wrun 2>/dev/null", 'printf "%s\\n" "${COMPREPLY[@]}"']
        result = subprocess.run(["bash", "-c", "\n".join(lines)], cwd=self.folder,
                                stdout=subprocess.PIPE, check=True)
        return result.stdout.decode().split()

    def test_bash_completes(self):
        self.file("app.wasm", b"")
        os.mkdir(self.path("folder"))
        self.assertEqual(self.complete("wrun", "--inv"), ["--invoke"])
        self.assertEqual(self.complete("wrun", "--dir", "fo"), ["folder"])
        self.assertEqual(self.complete("wrun", "va"), ["validate"])
        self.assertEqual(self.complete("wrun", "ap"), ["app.wasm"])
        self.assertEqual(self.complete("wrun", "info", "--js"), ["--json"])
        self.assertEqual(self.complete("wrun", "completion", "z"), ["zsh"])
        self.assertEqual(self.complete("wrun", "--log", "d"), ["debug"])


class Output(CliTest):
    COMMANDS = [["--help"], ["--version"], ["info", "x.wasm"], ["completion", "bash"], ["man"]]

    def test_full_disk(self):
        self.file("x.wasm", exits_with(5))
        for arguments in self.COMMANDS:
            with open("/dev/full", "wb") as full:
                result = self.wrun(*arguments, stdout=full)
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stderr,
                             b"error: cannot write the output: No space left on device\n")

    def test_reader_gone(self):
        self.file("x.wasm", exits_with(5))
        for arguments in self.COMMANDS:
            read_end, write_end = os.pipe()
            os.close(read_end)
            result = self.wrun(*arguments, stdout=write_end)
            os.close(write_end)
            self.assertEqual(result.returncode, 1)
            self.assertIn(b"Broken pipe", result.stderr)

    def test_closed(self):
        self.file("x.wasm", exits_with(5))
        result = subprocess.run(["sh", "-c", 'exec "$@" >&-', "sh"] + COMMAND + ["info", "x.wasm"],
                                cwd=self.folder, stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, 1)


if __name__ == "__main__":
    harness.main()
