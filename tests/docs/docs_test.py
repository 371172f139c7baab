#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The generated documents are what the tables say, and what the documents name exists. --write brings them up to date."""
import html
import os
import pathlib
import re
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
    "docs/report.svg": report_pictures.table,
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
print(f"{len(pages)} pages, {failed} failed")
sys.exit(1 if failed else 0)
