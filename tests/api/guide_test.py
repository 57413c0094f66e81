"""The code in docs/embedding.md is that of example_host.cpp, which is built and run."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def characters(code):
    return "".join(code.split())  # formatting does not matter


with open(os.path.join(HERE, "example_host.cpp")) as file:
    example = characters(file.read())
with open(os.path.join(HERE, "../../docs/embedding.md")) as file:
    blocks = re.findall(r"```cpp\n(.*?)```", file.read(), re.DOTALL)
if not blocks:
    sys.exit("docs/embedding.md has no code")
for block in blocks:
    if characters(block) not in example:
        sys.exit("not in tests/api/example_host.cpp:\n" + block)
