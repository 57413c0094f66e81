"""What is said when a module cannot be loaded or linked, or traps."""

import os
import threading
import unittest

import harness
from harness import CliTest
from wasm_builder import *


class Loading(CliTest):
    def fails(self, content, *texts):
        self.check(self.file("x.wasm", content), status=1, stdout=b"",
                   stderr=["error: cannot load `x.wasm`: ", *texts])

    def test_files_that_cannot_be_read(self):
        self.check("nowhere.wasm", status=1, stderr=["nowhere.wasm", "No such file or directory"])
        os.mkdir(self.path("folder"))
        self.check("folder", status=1, stderr=["folder", "Is a directory"])
        self.file("plain", b"")
        self.check("plain/x.wasm", status=1, stderr=["plain/x.wasm", "Not a directory"])
        os.symlink("loop", self.path("loop"))
        self.check("loop", status=1, stderr=["loop", "symbolic links"])
        self.check("/proc/self/mem", status=1, stderr=["/proc/self/mem", "Input/output error"])
        if os.geteuid() != 0:  # root may read everything
            os.chmod(self.path("plain"), 0)
            self.check("plain", status=1, stderr=["plain", "Permission denied"])

    def test_named_pipe(self):
        os.mkfifo(self.path("pipe"))
        whole = exits_with(7)
        for content, status, texts in [(whole, 7, None), (b"", 1, ["`pipe`", "the file is empty"]),
                                       (whole[:-3], 1, ["`pipe`", "at byte offset"])]:
            def feed():
                with open(self.path("pipe"), "wb") as pipe:
                    pipe.write(content)
            writer = threading.Thread(target=feed)
            writer.start()
            self.check("pipe", status=status, stderr=texts)
            writer.join()

    def test_gigabytes_of_zeros(self):
        self.file("zeros", b"")
        for size in (2**32 - 1, 2**32):
            os.truncate(self.path("zeros"), size)
            self.check("zeros", status=1, stderr=["`zeros`", "not a WebAssembly module", "at byte offset 0"])
        os.truncate(self.path("zeros"), 2**32 + 1)
        self.check("zeros", status=1, stderr=["zeros", "larger than the limit of 4294967296 bytes"])
        self.file("module", b"\0asm\x01\0\0\0")
        os.truncate(self.path("module"), 2**32 - 1)
        self.check("module", status=1, stderr=["`module`", "at byte offset 10"])

    def test_what_is_not_a_module(self):
        self.fails(b"", "the file is empty")
        self.fails(b"\0as", "stops in its header")
        self.fails(b"\x7fELF" + bytes(100), "an ELF file")
        self.fails(b"hello, world", "not a WebAssembly module")
        self.fails(bytes(100000), "not a WebAssembly module")

    def test_text_format(self):
        self.file("m.wat", b"(module\n  (func (result i32)\n    (i64.cnst 1)))")
        self.check("m.wat", status=1, stderr="error: m.wat:3:6: unknown operator i64.cnst\n"
                                             "      (i64.cnst 1)))\n"
                                             "       ^\n")
        self.file("m.wat", b"(module\n  (func (result i32) i64.const 1 end_)")
        self.check("m.wat", status=1, stderr="m.wat:2:34: unknown operator end_")
        self.file("m.wat", b"(module (func (drop)))")
        self.check("m.wat", status=1, stderr=["m.wat:1:16: type mismatch", "               ^"])

    def test_component(self):
        self.fails(b"\0asm\x0d\0\1\0", "component", "hint: ", "wasm32-wasip1")

    def test_truncated(self):
        whole = exits_with(0)
        self.fails(whole[:-3], "at byte offset")

    def test_invalid_code_is_located(self):
        m = Module()
        m.func(b"")
        m.func(I32_ADD + DROP, name="wrong")
        self.fails(m.bytes(), "type mismatch", "at byte offset", "in function 1", "wrong")

    def test_disabled_proposal(self):
        m = Module()
        m.func(i32(1) + b"\xc0" + DROP)  # i32.extend8_s
        self.file("x.wasm", m.bytes())
        self.check("x.wasm")
        for option in (["--disable", "sign-extension"], ["-W", "sign-extension=n"]):
            self.check(*option, "x.wasm", status=1, stderr=["cannot load", "sign-extension"])

    def test_names_cannot_speak_to_the_terminal(self):
        m = Module()
        m.import_func("env", "\x1b[2J", (), ())
        result = self.check(self.file("x.wasm", m.bytes()), status=1, stderr="\\x1b[2J")
        self.assertNotIn(b"\x1b", result.stderr)


class Linking(CliTest):
    def test_all_missing_imports_are_listed(self):
        m = Module()
        m.import_func("env", "foo", (I32, I64), (F64,))
        m.import_func("env", "bar", (), ())
        m.import_memory("host", "memory", 2)
        m.import_global("host", "base", I32)
        self.check(self.file("x.wasm", m.bytes()), status=1, stderr=[
            "error: cannot link `x.wasm`: 4 imports are not provided\n",
            "  `foo` from `env`: func [i32 i64] -> [f64]\n",
            "  `bar` from `env`: func [] -> []\n",
            "  `memory` from `host`: memory 2\n",
            "  `base` from `host`: global",
            "hint: use --preload env=FILE",
            "hint: use --preload host=FILE"])

    def test_many_missing_imports(self):
        m = Module()
        for i in range(1000):
            m.import_func("env", f"f{i}", (), ())
        result = self.check(self.file("x.wasm", m.bytes()), status=1,
                            stderr=["1000 imports are not provided", "and 960 more"])
        self.assertLess(len(result.stderr.splitlines()), 50)

    def test_advice_by_origin(self):
        for module, advice in [("wasi_snapshot_preview1", "not a function of WASI preview 1"),
                               ("wasi:cli/run@0.2.0", "WASI 0.2"), ("wasi", "threads"),
                               ("wbg", "wasm-bindgen"), ("gojs", "GOOS=wasip1")]:
            m = Module()
            m.import_func(module, "f", (), ())
            self.check(self.file("x.wasm", m.bytes()), status=1,
                       stderr=["an import is not provided", "hint: ", advice])

    def test_import_of_the_wrong_type(self):
        m = Module()
        m.import_func(WASI, "proc_exit", (I64,), ())
        self.check(self.file("x.wasm", m.bytes()), status=1,
                   stderr=["cannot instantiate `x.wasm`", "incompatible import type", "proc_exit",
                           "[i64] -> []", "[i32] -> []"])

    def test_preloaded_module(self):
        library = Module()
        library.import_func(WASI, "proc_exit", (I32,))
        library.func(i32(41) + local_get(0) + I32_ADD, (I32,), (I32,), export="plus41")
        library.func(i32(3) + call(0), export="quit")
        self.file("library.wasm", library.bytes())
        m = Module()
        m.import_func("lib", "plus41", (I32,), (I32,))
        m.import_func("lib", "quit")
        m.func(i32(1) + call(0), (), (I32,), export="f")
        m.func(call(1), export="_start")
        self.file("x.wasm", m.bytes())
        self.check("--preload", "lib=library.wasm", "--invoke", "f", "x.wasm", stdout=b"42\n")
        self.check("--preload", "lib=library.wasm", "x.wasm", status=3)
        self.check("x.wasm", status=1, stderr="--preload lib=FILE")
        self.check("--preload", "lib=none.wasm", "x.wasm", status=1, stderr="none.wasm")
        self.check("--preload", "lib", "x.wasm", status=2, stderr="`lib` is not NAME=FILE")

    def test_preloaded_module_replaces_wasi(self):
        fake = Module()
        fake.func(b"", (I32,), export="proc_exit")
        self.file("fake.wasm", fake.bytes())
        self.check("--preload", WASI + "=fake.wasm", self.file("x.wasm", exits_with(9)))

    def test_missing_function(self):
        m = Module()
        m.func(b"", export="compute")
        m.func(b"", export="other")
        m.memory(export="memory")
        self.file("x.wasm", m.bytes())
        self.check("--invoke", "compte", "x.wasm", status=1,
                   stderr="error: `x.wasm` exports no function `compte`; did you mean `compute`?")
        self.check("--invoke", "zzzzzzz", "x.wasm", status=1, stderr="it exports `compute`, `other`")
        self.check("--invoke", "memory", "x.wasm", status=1,
                   stderr="`x.wasm` exports `memory` as a memory, not as a function")

    def test_nothing_to_run(self):
        m = Module()
        m.func(b"", export="compute")
        self.file("x.wasm", m.bytes())
        self.check("x.wasm", stderr=["note: `x.wasm` is not a program", "--invoke compute"])
        self.check("-q", "x.wasm")
        self.check(self.file("empty.wasm", Module().bytes()))


class Traps(CliTest):
    def test_backtrace(self):
        m = Module()
        inner = m.func(i32(1) + i32(0) + I32_DIV_S + DROP, name="inner")
        middle = m.func(call(inner), name="tick")
        m.func(call(middle), export="_start")
        self.check(self.file("crash.wasm", m.bytes()), status=134,
                   stderr=["error: the guest trapped: integer divide by zero\n",
                           " 0:", "- crash!inner\n", " 1:", "- crash!tick\n",
                           " 2:", "- crash!<wasm function 2>\n"])

    def test_offsets_are_those_of_the_file(self):
        m = Module()
        m.module_name = "named"
        m.func(b"\x01" * 5 + UNREACHABLE, export="_start", name="f")
        content = m.bytes()
        offset = content.index(b"\x01" * 5 + UNREACHABLE) + 5
        self.check(self.file("x.wasm", content), status=134, stderr=f"{offset:#x} - named!f\n")

    @unittest.skipIf("WRUN_EMULATOR" in os.environ, "left out: cross builds show names as they are")
    def test_mangled_names(self):
        for name, text in [
            ("_ZN4game5World4tickEv", "game::World::tick()"),
            ("_ZN4core9panicking5panic17h0123456789abcdefE", "core::panicking::panic"),
            ("_ZN3std2rt10lang_start28_$u7b$$u7b$closure$u7d$$u7d$17hc4bd86da5e6b7d8eE.llvm.430927690951837",
             "std::rt::lang_start::{{closure}}"),
            ("_RNvNtCset5xJoy1xWQ_3std9panicking15panic_with_hook", "std::panicking::panic_with_hook"),
        ]:
            m = Module()
            m.func(UNREACHABLE, export="_start", name=name)
            self.check(self.file("x.wasm", m.bytes()), status=134, stderr=f"x!{text}\n")

    def test_names_that_stand_for_gigabytes(self):
        name = "_Z1f1aIiiE"
        for digit in "0123456789ABCDEFGHIJKLMNOPQRSTUVW":
            name += f"S_IS{digit}_S{digit}_E"  # twice the type before
        m = Module()
        m.func(UNREACHABLE, export="_start", name=name)
        self.check(self.file("x.wasm", m.bytes()), status=134, stderr=f"x!{name}\n")

    def test_deep_backtrace_is_cut(self):
        result = self.check(self.file("x.wasm", recurses()), status=134,
                            stderr=["call stack exhausted", "more frames"])
        self.assertLess(len(result.stderr.splitlines()), 40)

    def test_start_function(self):
        m = Module()
        m.start = m.func(UNREACHABLE, name="boom")
        self.check(self.file("x.wasm", m.bytes()), status=134,
                   stderr=["the guest trapped: unreachable", "x!boom"])

    def test_exit_in_start_function(self):
        m = Module()
        m.import_func(WASI, "proc_exit", (I32,))
        m.start = m.func(i32(6) + call(0))
        self.check(self.file("x.wasm", m.bytes()), status=6)

    def test_data_beyond_the_memory(self):
        m = Module()
        m.memory()
        m.data(65535, b"ab")
        self.check(self.file("x.wasm", m.bytes()), status=134,
                   stderr="the guest trapped: out of bounds memory access")


if __name__ == "__main__":
    harness.main()
