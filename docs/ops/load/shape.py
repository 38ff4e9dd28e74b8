"""Compares the kinds of requests of chat.js and locustfile.py; fails if they differ.

Needs no package: both tables are read as text.

Must hold: each kind has the same weight, length and limit in both.
Checked by: `cargo xtask ops --check` runs it.
"""

import ast
import pathlib
import re
import sys

FOLDER = pathlib.Path(__file__).parent


def of_locust():
    tree = ast.parse((FOLDER / "locustfile.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "KINDS":
            return ast.literal_eval(node.value)
    sys.exit("locustfile.py has no KINDS")


def of_k6():
    line = r'\{ kind: "(\w+)", weight: (\d+), prompts: (\d+), max_tokens: (\d+) \}'
    found = re.findall(line, (FOLDER / "chat.js").read_text())
    names = ("weight", "prompts", "max_tokens")
    return {kind: dict(zip(names, map(int, numbers))) for kind, *numbers in found}


if __name__ == "__main__":
    if of_locust() != of_k6():
        sys.exit(f"chat.js and locustfile.py differ:\n{of_k6()}\n{of_locust()}")
    print("chat.js and locustfile.py send the same requests")
