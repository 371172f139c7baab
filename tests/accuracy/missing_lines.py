#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recorded logs with lines left out at random, as a rate limit or a full disk leaves them: little is lost, and nothing is made up."""
import collections
import json
import pathlib
import random
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/e2e"))
import lane

lane.need("zstd")
# Of so many lines one is left out; of all terminations so many at least are as in the whole log, to 50 ms.
LOSSES = {50: 0.97, 10: 0.9}


def terminations(lines):
    run = subprocess.run([lane.exporter(), "report", "--format=json", "--timezone=UTC", "--year=2026", "-"], input="\n".join(lines) + "\n",
                         capture_output=True, text=True, check=True)
    return {(one["namespace"], one["pod"], one["requested_at"]): one for one in json.loads(run.stdout)["terminations"]}


def judged(whole, part):
    if part is None:
        return "lost"
    if part["state"] != whole["state"]:
        return "left in flight" if part["state"] == "in_flight" else "another state"
    wanted, found = whole["termination_seconds"], part["termination_seconds"]
    if found is None or wanted is None:
        return "same" if found == wanted else "no time" if found is None else "a time where there was none"
    if abs(found - wanted) <= 0.05:
        return "same"
    return f"wrong, {part['termination_precision']}"


for share, kept in LOSSES.items():
    counts, examples = collections.Counter(), {}
    for path in sorted((ROOT / "tests/traces/recorded").glob("*/*/kubelet.log.zst")):
        name = f"{path.parent.parent.name}/{path.parent.name}"
        if "-v0" in name:
            continue
        lines = lane.recorded(name)
        whole = terminations(lines)
        dice = random.Random(f"{name} {share}")
        part = terminations([line for line in lines if dice.randrange(share)])
        pods = {key[:2] for key in whole}
        for key, one in whole.items():
            found = part.get(key) or next((other for (namespace, pod, _), other in part.items() if (namespace, pod) == key[:2]), None)
            verdict = judged(one, found)
            counts[verdict] += 1
            examples.setdefault(verdict, f"{name} {key[1]}")
        for key in part:
            if key[:2] not in pods:
                counts["made up"] += 1
                examples.setdefault("made up", f"{name} {key[1]}")
    total = sum(counts.values())
    print(f"figure: of {total}, one line in {share} left out: " + ", ".join(f"{count} {what}" for what, count in counts.most_common()))
    lane.expect(f"one line in {share} left out: {counts['same']} of {total} are the same", counts["same"] >= kept * total, str(examples))
    lane.expect("nothing is made up", counts["made up"] == 0, examples.get("made up", ""))
    lane.expect("and little is wrong that is called exact", counts["wrong, exact"] <= total // 200, examples.get("wrong, exact", ""))
lane.finish()
