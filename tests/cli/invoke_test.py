"""--invoke: arguments by type, results as text."""

import harness
from harness import CliTest
from wasm_builder import *


class Invoke(CliTest):
    def identity(self, kind):
        m = Module()
        m.func(local_get(0), (kind,), (kind,), export="id")
        self.file("id.wasm", m.bytes())

    def gives(self, argument, result):
        self.check("--invoke", "id", "id.wasm", argument, stdout=result.encode() + b"\n")

    def refuses(self, argument, kind):
        self.check("--invoke", "id", "id.wasm", argument, status=2,
                   stderr=f"argument 1 of `id`: `{argument}` is not a value of type {kind}")

    def test_i32(self):
        self.identity(I32)
        for argument, result in [("0", "0"), ("-1", "-1"), ("+7", "7"), ("2147483647", "2147483647"),
                                 ("4294967295", "-1"), ("-2147483648", "-2147483648"),
                                 ("0xff", "255"), ("-0x10", "-16"), ("0XFFFFFFFE", "-2")]:
            self.gives(argument, result)
        for argument in ["", "-", "1.5", "4294967296", "-2147483649", "0x", "0xg", "12a", " 1", "--1"]:
            self.refuses(argument, "i32")

    def test_i64(self):
        self.identity(I64)
        for argument, result in [("18446744073709551615", "-1"), ("0x7fffffffffffffff", str(2**63 - 1)),
                                 ("-9223372036854775808", "-9223372036854775808")]:
            self.gives(argument, result)
        self.refuses("18446744073709551616", "i64")
        self.refuses("-9223372036854775809", "i64")

    def test_f32(self):
        self.identity(F32)
        for argument, result in [("1", "1"), ("-0", "-0"), ("0.1", "0.1"), ("1e10", "1e+10"),
                                 ("0x1.8p1", "3"), ("inf", "inf"), ("-inf", "-inf"), ("nan", "nan"),
                                 ("-nan", "-nan"), ("nan:0x200000", "nan:0x200000"), ("1e99", "inf"),
                                 ("16777217", "16777216")]:
            self.gives(argument, result)
        for argument in ["", "x", "1x", "nan:0x0", "nan:0x800000", "infinity", " 1", "--1", "nano"]:
            self.refuses(argument, "f32")

    def test_f64(self):
        self.identity(F64)
        for argument, result in [("0.1", "0.1"), ("1e300", "1e+300"), ("-0x1p-1074", "-5e-324"),
                                 ("nan:0x1", "nan:0x0000000000001"), (".5", "0.5")]:
            self.gives(argument, result)

    def test_v128(self):
        self.identity(V128)
        self.gives("1", "0x" + "0" * 31 + "1")
        self.gives("0x000102030405060708090a0b0c0d0e0f", "0x000102030405060708090a0b0c0d0e0f")
        self.gives(str(2**128 - 1), "0x" + "f" * 32)
        self.refuses(str(2**128), "v128")

    def test_references(self):
        for kind, name in ((FUNCREF, "funcref"), (EXTERNREF, "externref")):
            self.identity(kind)
            self.gives("null", "null")
            self.refuses("1", name)

    def test_several(self):
        m = Module()
        m.func(local_get(1) + local_get(0), (I32, F64), (F64, I32), export="swap")
        self.file("x.wasm", m.bytes())
        self.check("--invoke", "swap", "x.wasm", "1", "-2.5", stdout=b"-2.5\n1\n")
        self.check("--invoke", "swap", "x.wasm", "1", status=2,
                   stderr="`swap` has type [i32 f64] -> [f64 i32] and takes 2 arguments, not 1")
        self.check("--invoke", "swap", "x.wasm", "1", "2", "3", status=2, stderr="not 3")
        self.check("--invoke", "swap", "x.wasm", "1", "two", status=2, stderr="argument 2 of `swap`")

    def test_no_results(self):
        m = Module()
        m.func(b"", export="")
        self.check("--invoke", "", self.file("x.wasm", m.bytes()), stdout=b"")

    def test_reactor_is_initialized_first(self):
        m = Module()
        m.memory()
        m.func(i32(0) + i32(5) + b"\x36\x02\x00", export="_initialize")
        m.func(i32(0) + i32_load(), (), (I32,), export="get")
        self.file("x.wasm", m.bytes())
        self.check("--invoke", "get", "x.wasm", stdout=b"5\n")
        self.check("x.wasm", stderr="not a program")

    def test_trap(self):
        m = Module()
        m.func(UNREACHABLE, export="f", name="f")
        self.check("--invoke", "f", self.file("x.wasm", m.bytes()), status=134, stdout=b"",
                   stderr="the guest trapped: unreachable")

    def test_output_that_cannot_be_written(self):
        self.identity(I32)
        with open("/dev/full", "wb") as full:
            result = self.wrun("--invoke", "id", "id.wasm", "1", stdout=full)
        self.assertEqual(result.returncode, 1)
        self.assertIn(b"error: cannot write the output: No space left on device", result.stderr)


if __name__ == "__main__":
    harness.main()
