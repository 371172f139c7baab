#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Pictures of the report on a recorded kubelet, into a folder (default docs/): the table as SVG, the HTML report as PNG in both
themes where there is a Chromium."""
import html
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
        return subprocess.run([binary(), "report", "--timezone=UTC", *flags, "kubelet.log.zst"], cwd=folder, check=True, capture_output=True).stdout.decode()


def table():
    """The table as it stands on a terminal."""
    lines = ["$ kubelet-lifecycle-exporter report kubelet.log", *report("--slowest=2").splitlines()]
    rows = []
    for i, line in enumerate(lines):
        colour = "#9cdcfe" if line[:1].isupper() or i == 0 else "#f5a97f" if line[:4] == "    " and line[4:5].isdigit() else "#d8dee9"
        rows.append(f'<text x="14" y="{26 + 17 * i}" fill="{colour}" xml:space="preserve">{html.escape(line)}</text>')
    height = 26 + 17 * len(lines)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" width="720" height="{height}" font-family="monospace" font-size="13.5">\n'
            f'<rect width="100%" height="100%" rx="8" fill="#1e222a"/>\n' + "\n".join(rows) + "\n</svg>\n")


def page(folder):
    """The HTML report as a browser shows it; the names of the pictures."""
    browser = shutil.which("chromium")
    if not browser:
        print("no chromium here: the HTML report is not pictured", file=sys.stderr)
        return []
    made = []
    with tempfile.TemporaryDirectory() as home:
        path = pathlib.Path(home) / "report.html"
        path.write_text(report("--format=html"))
        for theme, scheme in (("light", 1), ("dark", 0)):
            picture = folder / f"report-html-{theme}.png"
            subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={home}/{theme}",
                            f"--blink-settings=preferredColorScheme={scheme}", "--window-size=1200,1180", "--virtual-time-budget=3000",
                            f"--screenshot={picture}", path.as_uri()], check=True, capture_output=True, timeout=120)
            made.append(picture.name)
    return made


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "report.svg").write_text(table())
    print(f"{folder}: report.svg", *page(folder))


if __name__ == "__main__":
    main()
