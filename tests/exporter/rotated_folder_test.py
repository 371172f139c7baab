#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A folder of sixteen rotated logs, plain, .gz and .zst, is one stream in the order of time: the report is the whole log's."""
import gzip
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/e2e"))
import lane

lane.need("zstd")
PARTS = 16


def report(*paths, flags=()):
    return lane.report(*paths, flags=["--year=2026", *flags])


home = lane.temp_dir()
lines = lane.recorded("1.23.15-docker-text-v5/mix-abcdi")
whole = home / "whole.log"
whole.write_text("\n".join(lines) + "\n")
folder = home / "kubelet"
folder.mkdir()
for part in range(PARTS):
    text = "\n".join(lines[len(lines) * part // PARTS:len(lines) * (part + 1) // PARTS]) + "\n"
    number = PARTS - 1 - part  # the newest has none
    name = "kubelet.log" + (f".{number}" if number else "")
    if number > 8:
        subprocess.run(["zstd", "-q", "-o", folder / (name + ".zst")], input=text.encode(), check=True)
    elif number > 3:
        (folder / (name + ".gz")).write_bytes(gzip.compress(text.encode()))
    else:
        (folder / name).write_text(text)
wanted = report(whole)
lane.expect("the log has terminations", len(wanted["terminations"]) > 10, len(wanted["terminations"]))
lane.expect("a folder is one stream", report(folder) == wanted)
lane.expect("its files in any order are too", report(*sorted(folder.iterdir(), key=lambda path: path.name[::-1])) == wanted)
lane.expect("a pattern too", report(str(folder / "kubelet.log*")) == wanted)
packed = subprocess.run(["zstd", "-qc", whole], check=True, capture_output=True).stdout
piped = subprocess.run([lane.exporter(), "report", "--format=json", "--timezone=UTC", "--year=2026", "-"], input=packed, capture_output=True)
lane.expect("standard input, packed, too", json.loads(piped.stdout) == wanted)

# Moments of it: what had not ended before, what was asked for until then.
records = wanted["terminations"]
ends = sorted(max(filter(None, (t["terminated_at"], t["reclaimed_at"], t["removed_at"]))) for t in records if t["state"] != "in_flight")
begins = sorted(t["requested_at"] for t in records if t["requested_at"])
middle = ends[len(ends) // 2]
got = report(whole, flags=[f"--since={middle}"])["terminations"]
left = [t for t in records if t["state"] == "in_flight" or max(filter(None, (t["terminated_at"], t["reclaimed_at"], t["removed_at"]))) >= middle]
lane.expect(f"--since leaves {len(left)} of {len(records)}", got == left and 0 < len(left) < len(records))
middle = begins[len(begins) // 2]
got = report(whole, flags=[f"--until={middle}"])["terminations"]
lane.expect("--until leaves what was asked for by then", got == [t for t in records if (t["requested_at"] or t["terminated_at"]) <= middle] and 0 < len(got) < len(records))
lane.expect("--until=0s is all", report(whole, flags=["--until=0s"])["terminations"] == records)
lane.finish()
