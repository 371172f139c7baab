#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The generated documents are what the tables say, and what the documents name exists. --write brings them up to date."""
import os
import pathlib
import re
import shlex
import subprocess
import sys

import report_pictures

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("KLE_BINARY") or str(ROOT / "build/release/kubelet-lifecycle-exporter")
failed = 0


def run(*arguments):
    return subprocess.run([BINARY, *arguments], check=True, capture_output=True).stdout.decode()


GENERATED = {
    "docs/EVENTS.md": lambda: run("catalogue", "--format=markdown"),
    "docs/CONFIGURATION.md": lambda: run("configuration"),
    "docs/METRICS.md": lambda: run("metrics", "--format=markdown"),
}


def fail(text):
    global failed
    failed += 1
    print("FAIL  " + text)


for name, make in GENERATED.items():
    text = make()
    path = ROOT / name
    if "--write" in sys.argv:
        path.write_text(text)
    elif not path.exists() or path.read_text() != text:
        fail(f"{name} is not what the binary prints: ./dev docs")


def shown_and_printed(console):
    """For each command of a console block: itself, the lines that stand below it, and those that it prints."""
    for part in console.split("$ ")[1:]:
        command, *shown = part.splitlines()
        _, task, *arguments = shlex.split(command)
        printed = report_pictures.report() if task == "report" else run(task, *arguments)
        yield command, shown, printed.splitlines()


def first_not_printed(shown, printed):
    """Of the lines shown, `...` standing for any number of others; None where all are printed, in this order."""
    left = list(printed)
    skips = False
    for line in shown:
        if line == "...":
            skips = True
            continue
        while skips and left and left[0] != line:
            left.pop(0)
        if not left or left.pop(0) != line:
            return line
        skips = False
    return None


pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("**/*.md"))]
metrics = set(re.findall(r"^\| `([a-z_]+)`", (ROOT / "docs/METRICS.md").read_text(), re.M))
for page in pages:
    text = page.read_text()
    for link in re.findall(r"\]\(([^)#:]+)\)", text):
        if not (page.parent / link).exists():
            fail(f"{page.relative_to(ROOT)} links to {link}, which is not there")
    for metric in re.findall(r"`([a-z_]+)(?:\{[a-z_,]*\})?`", text) if page.name == "README.md" else []:
        if metric.endswith(("_seconds", "_total", "_ratio", "_pods", "_info", "_seen")) and metric not in metrics:
            fail(f"README.md names the metric {metric}, which does not exist")
index = (ROOT / "docs/decisions/README.md").read_text()
for page in sorted((ROOT / "docs/decisions").glob("0*.md")):
    number, title = re.match(r"# (\d{4}): (.*)", page.read_text()).groups()
    if index.count(f"* [{number}]({page.name}): {title}\n") != 1 or page.name[:4] != number:
        fail(f"docs/decisions/README.md has no line for {page.name} with its number and title")
commands = [one for console in re.findall(r"^```console\n(.*?)^```", (ROOT / "README.md").read_text(), re.M | re.S) for one in shown_and_printed(console)]
for command, shown, printed in commands:
    line = first_not_printed(shown, printed)
    if line is not None:
        fail(f"README.md shows what `{command}` does not print: {line}")
if not commands or first_not_printed(["b", "...", "d"], ["b", "c", "d"]) or not first_not_printed(["b", "d"], ["b", "c", "d"]):
    fail("README.md shows no output, or what is shown is not compared")
lanes = {lane for file in (ROOT / "tests").glob("*/CMakeLists.txt") for lane in re.findall(r"LABEL (e2e-[a-z0-9]+)", file.read_text())}
listed = set(re.findall(r"^\| `(e2e-[a-z0-9]+)` \|", (ROOT / "CONTRIBUTING.md").read_text(), re.M))
if lanes != listed:
    fail(f"CONTRIBUTING.md, Lanes, and the LABELs of tests/*/CMakeLists.txt differ in {lanes ^ listed}")
print(f"{len(pages)} pages, {failed} failed")
sys.exit(1 if failed else 0)
