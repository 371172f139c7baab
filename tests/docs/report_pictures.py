#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pictures of the HTML report on a recorded kubelet, in both themes, into a folder (default docs/). Wants a Chromium."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
DEMO = ROOT / "tests/traces/demo.log.zst"


def binary():
    return os.environ.get("KLE_BINARY") or str(ROOT / "build/release/kubelet-lifecycle-exporter")


def report(*flags):
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(DEMO, pathlib.Path(folder) / "kubelet.log.zst")
        command = [binary(), "report", "--timezone=UTC", "--year=2026", *flags, "kubelet.log.zst"]
        return subprocess.run(command, cwd=folder, env={**os.environ, "LC_ALL": "C.UTF-8"}, check=True, capture_output=True).stdout.decode()


def page(folder):
    """The HTML report as a browser shows it; the names of the pictures."""
    made = []
    with tempfile.TemporaryDirectory() as home:
        path = pathlib.Path(home) / "report.html"
        path.write_text(report("--format=html"))
        for theme, scheme in (("light", 1), ("dark", 0)):
            picture = folder / f"report-html-{theme}.png"
            subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={home}/{theme}",
                            f"--blink-settings=preferredColorScheme={scheme}", "--window-size=1200,1180", "--virtual-time-budget=3000",
                            f"--screenshot={picture}", path.as_uri()], check=True, capture_output=True, timeout=120)
            made.append(picture.name)
    return made


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    print(f"{folder}:", *page(folder))


if __name__ == "__main__":
    main()
