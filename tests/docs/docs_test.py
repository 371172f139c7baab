#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The generated documents are what the tables say, and what the documents name exists. --write brings them up to date."""
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("KLE_BINARY") or str(ROOT / "build/release/kubelet-lifecycle-exporter")
GENERATED = {"docs/EVENTS.md": "catalogue", "docs/METRICS.md": "metrics"}
failed = 0


def fail(text):
    global failed
    failed += 1
    print("FAIL  " + text)


for name, command in GENERATED.items():
    text = subprocess.run([BINARY, command, "--format=markdown"], check=True, capture_output=True).stdout.decode()
    path = ROOT / name
    if "--write" in sys.argv:
        path.write_text(text)
    elif not path.exists() or path.read_text() != text:
        fail(f"{name} is not what `{command} --format=markdown` prints: ./dev docs")

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
