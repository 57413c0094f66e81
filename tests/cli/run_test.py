"""Running programs: exit status, arguments, environment, directories, limits."""

import os
import signal
import subprocess
import time

import harness
from harness import COMMAND, CliTest
from wasm_builder import *

EBADF, EPIPE, ENOSPC = 8, 64, 51
GUEST_CREATES = dict(oflags=OFLAGS_CREAT, rights=RIGHT_WRITE)


class ExitStatus(CliTest):
    def test_is_the_guests(self):
        self.check(self.file("ok.wasm", program(b"").bytes()))
        for status in [0, 1, 7, 126, 134, 255]:
            self.check(self.file("exit.wasm", exits_with(status)), status=status)

    def test_outside_of_a_byte(self):
        self.check(self.file("exit.wasm", exits_with(256)), status=1,
                   stderr="the guest exited with status 256, which is not within 0 to 255")

    def test_run_command(self):
        self.check("run", self.file("exit.wasm", exits_with(3)), status=3)

    def test_module_named_like_a_command(self):
        self.file("info", exits_with(4))
        self.check("run", "info", status=4)
        self.check("./info", status=4)

    def test_interrupt_ends_a_loop(self):
        self.file("loop.wasm", loops())
        process = subprocess.Popen(COMMAND + ["loop.wasm"], cwd=self.folder)
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(60), -signal.SIGINT)


    def test_signals_end_a_guest_that_waits(self):
        self.file("read.wasm", reads_stdin())
        self.file("sleep.wasm", sleeps(60 * 10**9))
        for name in ("read.wasm", "sleep.wasm"):
            for number in (signal.SIGINT, signal.SIGTERM):
                process = subprocess.Popen(COMMAND + [name], cwd=self.folder, stdin=subprocess.PIPE)
                time.sleep(0.3)
                process.send_signal(number)
                self.assertEqual(process.wait(60), -number)
                process.stdin.close()


class Arguments(CliTest):
    def setUp(self):
        super().setUp()
        self.file("args.wasm", prints_strings("args"))

    def test_after_the_module_belong_to_the_guest(self):
        self.check("args.wasm", "--dir", "x", "--", "-W", "--help", "",
                   stdout=b"args.wasm\0--dir\0x\0--\0-W\0--help\0\0")

    def test_program_name(self):
        self.check(self.path("args.wasm"), stdout=b"args.wasm\0")
        self.check("--argv0", "other", "args.wasm", stdout=b"other\0")
        self.check("--argv0", "", "args.wasm", stdout=b"\0")

    def test_double_dash_before_the_module(self):
        self.check("--", "args.wasm", "--", "a", stdout=b"args.wasm\0--\0a\0")
        self.check("--argv0", "x", "--", "args.wasm", stdout=b"x\0")
        self.file("-odd.wasm", prints_strings("args"))
        self.check("--", "-odd.wasm", "1", stdout=b"-odd.wasm\x001\0")

    def test_standard_input_as_module(self):
        self.check("-", "a", stdin=prints_strings("args"), stdout=b"-\0a\0")

    def test_bytes_that_are_not_utf8(self):
        name = b"\xff\xfe.wasm"
        self.file(name, prints_strings("args"))
        self.check(name, b"\x80", stdout=name + b"\0\x80\0")


class Environment(CliTest):
    def setUp(self):
        super().setUp()
        self.file("env.wasm", prints_strings("environ"))
        self.ours = {"ONE": "1", "TWO": "2=2", "PATH": os.environ["PATH"]}

    def test_is_empty(self):
        self.check("env.wasm", stdout=b"", env=self.ours)

    def test_variables(self):
        self.check("--env", "A=b=c", "--env=EMPTY=", "--env", "TWO", "--env", "UNSET", "env.wasm",
                   stdout=b"A=b=c\0EMPTY=\0TWO=2=2\0", env=self.ours)

    def test_inherited(self):
        for option in (["--inherit-env"], ["-S", "inherit-env"], ["-Sinherit-env=y"]):
            result = self.check(*option, "env.wasm", env=self.ours)
            self.assertIn(b"ONE=1\0", result.stdout)
            self.assertIn(b"TWO=2=2\0", result.stdout)

    def test_last_one_wins(self):
        result = self.check("--env", "ONE=x", "--inherit-env", "--env", "ONE=y", "env.wasm",
                            env=self.ours)
        self.assertEqual(result.stdout.count(b"ONE="), 1)
        self.assertIn(b"ONE=y\0", result.stdout)


class Directories(CliTest):
    def setUp(self):
        super().setUp()
        os.mkdir(self.path("data"))
        self.file("data/in", b"")
        self.file("open.wasm", opens(b"in"))
        self.file("create.wasm", opens(b"new", **GUEST_CREATES))

    def test_granted(self):
        for grant in ["data", "data::x", self.path("data") + "::/", "data::x::ro", "data::ro"]:
            self.check("--dir", grant, "open.wasm")
            self.check("--quiet", "--dir=" + grant, "open.wasm")

    def test_not_granted(self):
        self.check("open.wasm", status=EBADF)

    def test_read_only(self):
        EPERM, EROFS = 63, 69
        result = self.wrun("--dir", "data::d::ro", "create.wasm")
        self.assertIn(result.returncode, (EPERM, EROFS))
        self.assertIn("--dir data::d without ::ro", result.stderr.decode())
        self.assertFalse(os.path.exists(self.path("data/new")))
        self.check("--dir", "data::ro", "create.wasm")  # here `ro` is the guest's name
        self.assertTrue(os.path.exists(self.path("data/new")))

    def test_missing(self):
        self.check("--dir", "nowhere", "open.wasm", status=1,
                   stderr=["nowhere", "No such file or directory"])
        self.check("--dir", "open.wasm", "open.wasm", status=1, stderr=["open.wasm", "directory"])

    def test_malformed(self):
        self.check("--dir", "", "open.wasm", status=2, stderr="--dir: the host directory is missing")
        self.check("--dir", "data::", "open.wasm", status=2, stderr="the guest's name for `data`")

    def test_refused_path_names_the_grant(self):
        self.file("up.wasm", opens(b"../outside/secret"))
        result = self.wrun("--dir", "data", "up.wasm")
        self.assertIn("hint: the guest was refused `../outside/secret`", result.stderr.decode())
        self.assertIn("--dir outside grants it", result.stderr.decode())
        self.assertNotEqual(result.returncode, 0)
        self.assertEqual(self.wrun("-q", "--dir", "data", "up.wasm").stderr, b"")

    def test_file_argument_without_any_grant(self):
        self.file("fail.wasm", exits_with(1))
        self.check("fail.wasm", "data/in", status=1, stderr="--dir data grants it")
        self.check("fail.wasm", "fail.wasm", status=1, stderr="--dir . grants it")
        self.check("--quiet", "fail.wasm", "data/in", status=1)
        self.check("--dir", ".", "fail.wasm", "data/in", status=1)


class Streams(CliTest):
    def test_closed_pipe_is_an_error_for_the_guest(self):
        self.file("write.wasm", writes(b"hello\n"))
        read_end, write_end = os.pipe()
        os.close(read_end)
        result = subprocess.run(COMMAND + ["write.wasm"], cwd=self.folder, stdout=write_end)
        os.close(write_end)
        self.assertEqual(result.returncode, EPIPE)

    def test_full_disk_is_an_error_for_the_guest(self):
        self.file("write.wasm", writes(b"hello\n"))
        with open("/dev/full", "wb") as full:
            result = subprocess.run(COMMAND + ["write.wasm"], cwd=self.folder, stdout=full)
        self.assertEqual(result.returncode, ENOSPC)

    def closed(self, redirections, *arguments):
        """Runs with streams that the caller closed."""
        return subprocess.run(["sh", "-c", f'exec "$@" {redirections}', "sh", *COMMAND, *arguments],
                              cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)

    def test_closed_streams(self):
        self.file("write.wasm", writes(b"hello\n"))
        self.file("read.wasm", reads_stdin())
        self.assertEqual(self.closed(">&-", "write.wasm").returncode, EBADF)
        self.assertEqual(self.closed("<&-", "read.wasm").returncode, EBADF)
        result = self.closed("<&-", "-")
        self.assertEqual((result.returncode, result.stderr),
                         (1, b"error: cannot read '-': Bad file descriptor\n"))

    def test_files_do_not_become_closed_streams(self):
        """The lowest free descriptor is what the system gives a file that is opened next."""
        os.mkdir(self.path("data"))
        self.file("write.wasm", creates_and_writes(b"new", b"hello\n", fd=1))
        self.assertEqual(self.closed("<&- >&-", "--dir", "data", "write.wasm").returncode, EBADF)
        with open(self.path("data/new"), "rb") as new:
            self.assertEqual(new.read(), b"")

    def test_stderr(self):
        self.check(self.file("write.wasm", writes(b"hello\n", fd=2)), stderr="hello\n", stdout=b"")


class Limits(CliTest):
    def test_timeout_of_a_loop(self):
        self.file("loop.wasm", loops())
        for option in (["--timeout", "200ms"], ["-W", "timeout=200ms"], ["-Wtimeout=200ms"]):
            started = time.monotonic()
            self.check(*option, "loop.wasm", status=134, stderr="error: timeout of 200ms exceeded\n")
            self.assertLess(time.monotonic() - started, 30)
        self.check("--timeout", "0.1", "loop.wasm", status=134, stderr="timeout of 0.1s exceeded")

    def test_timeout_of_a_waiting_guest(self):
        read_end, write_end = os.pipe()
        self.addCleanup(os.close, read_end)
        self.addCleanup(os.close, write_end)
        self.file("read.wasm", reads_stdin())
        result = subprocess.run(COMMAND + ["--timeout", "100ms", "read.wasm"], cwd=self.folder,
                                stdin=read_end, stderr=subprocess.PIPE, timeout=60)
        self.assertEqual((result.returncode, result.stderr),
                         (134, b"error: timeout of 100ms exceeded\n"))
        self.check("--timeout=100ms", self.file("sleep.wasm", sleeps(60 * 10**9)), status=134,
                   stderr="timeout of 100ms exceeded")

    def test_timeout_not_reached(self):
        self.check("--timeout", "1h", self.file("exit.wasm", exits_with(5)), status=5)

    def test_fuel(self):
        self.file("loop.wasm", loops())
        for option in (["--fuel", "100000"], ["-W", "fuel=100000"]):
            self.check(*option, "loop.wasm", status=134, stderr="error: fuel of 100000 used up\n")
        self.check("--fuel", "100000", self.file("exit.wasm", exits_with(5)), status=5)

    def test_memory(self):
        # Exits with the result of memory.grow plus two: 3 if it worked, 1 if not.
        self.file("grow.wasm", program(i32(16) + memory_grow() + i32(2) + I32_ADD + call(0),
                                       [("proc_exit", (I32,))]).bytes())
        self.check("grow.wasm", status=3)
        for option in ("--max-memory=1MiB", "--max-memory=1114111", "-Wmax-memory-size=65536"):
            self.check(option, "grow.wasm", status=1)
        self.check("--max-memory=1114112", "grow.wasm", status=3)
        self.check("--max-memory=65535", "grow.wasm", status=1,
                   stderr=["cannot instantiate `grow.wasm`", "memory"])

    def test_stack(self):
        self.file("deep.wasm", recurses())
        self.check("deep.wasm", status=134, stderr="call stack exhausted")
        # 500 nested calls: too many for a page, few for the default.
        m = Module()
        m.func(local_get(0) + b"\x45\x04\x40\x0f\x0b" + local_get(0) + i32(-1) + I32_ADD + call(0),
               params=(I32,), export="nest")
        self.file("nest.wasm", m.bytes())
        self.check("--invoke", "nest", "nest.wasm", "500")
        for option in ("--max-stack=4096", "-Wmax-wasm-stack=4096"):
            self.check(option, "--invoke", "nest", "nest.wasm", "500", status=134,
                       stderr="call stack exhausted")


if __name__ == "__main__":
    harness.main()
