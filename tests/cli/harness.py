"""Runs wrun in a temporary directory and looks at what it did."""

import os
import shlex
import subprocess
import tempfile
import unittest

os.environ.setdefault("WRUN_CACHE_DIR", "")
EMULATOR = shlex.split(os.environ.get("WRUN_EMULATOR", ""))
COMMAND = EMULATOR + [os.environ["WRUN"]]
# Of --path-resolution, those that the system has: the emulator does not know openat2.
PATH_RESOLUTIONS = ("walk",) if EMULATOR else ("openat2", "walk")

# The sanitizers cannot look for leaks in a process that is traced.
STRACE = ["strace", "-f", "-qq", "-E", "ASAN_OPTIONS=detect_leaks=0"]


# For tests of builds that run compiled code, which those by g++ do not.
needs_compiled_code = unittest.skipIf(os.environ.get("WRUN_RUNS_COMPILED_CODE") == "0",
                                      "this build runs no compiled code")


class CliTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        if isinstance(name, bytes):
            return os.path.join(os.fsencode(self.folder), name)
        return os.path.join(self.folder, name)

    def file(self, name, content):
        """Writes a file and returns its name, which is relative to the working directory of runs."""
        with open(self.path(name), "wb") as out:
            out.write(content)
        return name

    def wrun(self, *arguments, stdin=b"", env=None, **kwargs):
        kwargs.setdefault("stdout", subprocess.PIPE)
        return subprocess.run(COMMAND + list(arguments), cwd=self.folder, input=stdin, env=env,
                              stderr=subprocess.PIPE, timeout=120, **kwargs)

    def check(self, *arguments, status=0, stdout=None, stderr=None, **kwargs):
        """Runs, compares status and stdout, and looks for the texts of `stderr` (none: it is empty)."""
        result = self.wrun(*arguments, **kwargs)
        said = result.stderr.decode(errors="replace")
        self.assertEqual(result.returncode, status, said)
        if stdout is not None:
            self.assertEqual(result.stdout, stdout)
        if stderr is None:
            self.assertEqual(said, "")
        for part in [stderr] if isinstance(stderr, str) else stderr or []:
            self.assertIn(part, said)
        return result


def main():
    unittest.main(verbosity=0)
