#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""ctest --show-only=json-v1 ... | lane_summary.py CTEST-LOG REASONS: one line for each e2e lane: that it ran and how that
ended, or that it was skipped and why. REASONS has lines "SKIPPED test: reason"."""
import collections
import json
import re
import sys

RESULT = re.compile(r"^ *\d+/\d+ +Test +#\d+: (\S+) \.*(.*?) +([\d.]+) sec")


def lanes():
    by_lane = collections.defaultdict(list)
    for test in json.load(sys.stdin)["tests"]:
        labels = [p["value"] for p in test["properties"] if p["name"] == "LABELS"]
        for label in sum(labels, []):
            if label.startswith("e2e-"):
                by_lane[label].append(test["name"])
    return by_lane


def main():
    log, reasons = (open(path, encoding="utf-8", errors="replace").read().splitlines() for path in sys.argv[1:3])
    results = {m[1]: (m[2].strip(" *"), float(m[3])) for m in map(RESULT.match, log) if m}
    why = dict(line.removeprefix("SKIPPED ").split(": ", 1) for line in reasons if line.startswith("SKIPPED "))
    for lane, tests in sorted(lanes().items()):
        ran = [t for t in tests if t in results and results[t][0] != "Skipped"]
        passed = [t for t in ran if results[t][0] == "Passed"]
        skipped = [f"{t}: {why.get(t, 'no reason given')}" for t in tests if t not in ran]
        seconds = sum(results[t][1] for t in ran)
        parts = [f"{len(passed)} of {len(ran)} passed in {seconds:.0f} s"] if ran else []
        print(f"lane {lane}: " + "; ".join(parts + [f"SKIPPED {one}" for one in skipped]))


main()
