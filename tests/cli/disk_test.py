"""Disks that are full, and files that may not grow."""

import os
import pathlib
import resource
import shlex
import subprocess
import unittest

import harness
from harness import COMMAND, CliTest

GUEST = str(pathlib.Path(__file__).resolve().parent.parent / "guests/workload.wasm")


def may_mount():
    """Whether this user gets a mount namespace to mount a small tmpfs in."""
    try:
        return subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


class FullDisk(CliTest):
    def on_small_disk(self, options, guest_arguments):
        """Runs the guest with a tmpfs of 64 KiB as /disk; `after` is a copy of what is on it then."""
        os.mkdir(self.path("disk"))
        guest = shlex.join(COMMAND + ["--dir", "disk::/disk", "--dir", ".::/in::ro", GUEST] + guest_arguments)
        script = f"mount -t tmpfs -o {options} none disk && {{ {guest}; status=$?; cp -r disk after; exit $status; }}"
        return subprocess.run(["unshare", "-rm", "sh", "-c", script], cwd=self.folder, capture_output=True, timeout=60)

    @unittest.skipUnless(may_mount(), "left out: no tmpfs can be mounted here")
    def test_writes_what_fits(self):
        content = os.urandom(200_000)
        self.file("input", content)
        result = self.on_small_disk("size=64k", ["copy", "/in/input", "/disk/output"])
        self.assertEqual((result.returncode, result.stderr),
                         (1, b"workload: /disk/output: No space left on device\n"))
        with open(self.path("after/output"), "rb") as output:
            self.assertEqual(output.read(), content[:65536])

    @unittest.skipUnless(may_mount(), "left out: no tmpfs can be mounted here")
    def test_has_no_room_for_more_files(self):
        result = self.on_small_disk("nr_inodes=10", ["create", "/disk/files", "100"])
        self.assertEqual((result.returncode, result.stderr),
                         (1, b"workload: /disk/files/file-000008: No space left on device\n"))
        self.assertEqual(sorted(os.listdir(self.path("after/files"))), [f"file-{i:06}" for i in range(8)])


class FileSizeLimit(CliTest):
    def test_is_an_error_and_no_signal(self):
        content = os.urandom(50_000)
        self.file("input", content)
        self.check("--dir", ".", GUEST, "copy", "input", "output", status=1,
                   stderr="workload: output: File too large",
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_480, 20_480)))
        with open(self.path("output"), "rb") as output:
            self.assertEqual(output.read(), content[:20_480])


if __name__ == "__main__":
    harness.main()
