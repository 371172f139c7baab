#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes docs/VERBOSITY.md: what a kubelet's log level lets be measured, with and without the container runtime's lines, and
what it costs in lines. Measured: one recorded kubelet's log at -v 5 is cut to each lower level.

usage: coverage_by_level.py [CORPUS]      the binary: $KLE_BINARY; CORPUS: default tests/traces/recorded

A text line does not say its level. It is taken from the same version's JSON log by file and line number; lines of places
that log does not show are errors and warnings (no level) or of the level above it.
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
HEADER = re.compile(r"([IWEF])(\d\d)(\d\d) ([\d:.]+) +\d+ ([^ ]+:\d+)\]")
# Folder of text logs at -v 5 with a runtime log beside, that of JSON logs of the same version, and the latter's level.
RUNS = [("1.32.13-containerd17-text-v5", "1.32.13-containerd17-json-v4", 4, "Kubernetes 1.32, containerd 1.7")]
SCENARIOS = ("a-normal", "b-sigterm-ignored", "c-multi-prestop", "d-force-and-shorten")


def lines_of(path):
    text = subprocess.run(["zstd", "-qdc", path], check=True, capture_output=True).stdout.decode(errors="replace")
    return text.splitlines()


def levels(folder):
    known = {}
    for log in sorted(folder.glob("*/kubelet.log.zst")):
        for line in lines_of(log):
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if "v" in record and "caller" in record:
                place = record["caller"].rsplit("/", 1)[-1]
                known[place] = max(known.get(place, 0), record["v"])
    return known


def cut(lines, known, above, level):
    """The lines that a kubelet at that level prints, with their further lines."""
    kept, take = [], True
    for line in lines:
        header = HEADER.match(line)
        if header:
            place = known.get(header[5])
            if place is None:
                place = 0 if header[1] != "I" else above
            take = place <= level
        if take:
            kept.append(line)
    return kept


def within(runtime, lines):
    """The runtime's lines of the time that the kubelet's are of."""
    times = [f"2026-{h[2]}-{h[3]}T{h[4]}" for h in map(HEADER.match, lines) if h]
    return [line for line in runtime if min(times) <= line[6:36] <= max(times)]


def report(binary, *logs):
    out = subprocess.run([binary, "report", "--format=json", "--timezone=UTC", "--year=2026", *map(str, logs)], check=True, capture_output=True)
    return json.loads(out.stdout)


def signals(results):
    """By what is measured: precision -> how many."""
    seen = collections.defaultdict(collections.Counter)
    for result in results:
        for record in result["terminations"]:
            if record["trigger"] == "finished":
                continue
            seen["terminations"][record["trigger"]] += 1
            if record["trigger"] == "unknown":
                continue
            if record["termination_seconds"] is not None:
                seen["pod_termination_duration_seconds"][record["termination_precision"]] += 1
            if record["deletion_seconds"] is not None:
                seen["pod_deletion_duration_seconds"]["exact"] += 1
            for phase in record["phases"]:
                if phase["seconds"] is not None:
                    seen[f"phase {phase['phase']}"][phase["precision"]] += 1
            for container in record["containers"]:
                if container["stop_seconds"] is not None:
                    seen["container_stop_duration_seconds"][container["precision"]] += 1
                if container["exit_code"] is not None:
                    seen["exit codes"]["known"] += 1
                if container["prestop_outcome"]:
                    seen["prestop_hook_duration_seconds"]["exact" if container["prestop_seconds"] is not None else "seen"] += 1
            if record["grace"]["granted_seconds"] is not None:
                seen["termination_grace_period_seconds"]["known"] += 1
            for volume in record["volumes"]:
                if volume["seconds"] is not None:
                    seen["volume_unmount_duration_seconds"]["exact"] += 1
    return seen


ROWS = ["terminations", "pod_termination_duration_seconds", "pod_deletion_duration_seconds", "phase dispatch", "phase prestop", "phase stop_containers",
        "phase stop_sandbox", "phase unmount_volumes", "phase remove_cgroup", "phase update_status", "phase remove_from_api",
        "container_stop_duration_seconds", "exit codes", "termination_grace_period_seconds", "prestop_hook_duration_seconds",
        "volume_unmount_duration_seconds"]


def cell(counter):
    return ", ".join(f"{name} {count}" for name, count in counter.most_common()) or "-"


def main(argv):
    corpus = pathlib.Path(argv[1]) if len(argv) > 1 else HERE.parent / "traces/recorded"
    binary = os.environ.get("KLE_BINARY") or str(HERE.parents[1] / "build/release/kubelet-lifecycle-exporter")
    print("# What each log level lets be measured\n\n"
          "Made by `./dev coverage`. One recorded kubelet at `-v 5` (SIGTERM handled and ignored, several containers, preStop hooks,\n"
          "forced and shortened grace) is cut to each level, and read alone and with the container runtime's own lines at their default\n"
          "level. Each cell: which precision, and how often; `-`: not measured. A text line's level is known from the same version's\n"
          "JSON log. CRI-O was not recorded; dockerd joins by container id and time only (docs/ACCURACY.md).\n")
    for folder, json_folder, json_level, title in RUNS:
        if not (corpus / folder / "runtime-daemon.log.zst").exists():
            continue
        known = levels(corpus / json_folder)
        logs = {s: lines_of(corpus / folder / s / "kubelet.log.zst") for s in SCENARIOS}
        runtime = lines_of(corpus / folder / "runtime-daemon.log.zst")
        beside_of = {s: within(runtime, lines) for s, lines in logs.items()}
        pods = sum(len(json.loads(subprocess.run(["zstd", "-qdc", corpus / folder / s / "truth.json.zst"], check=True, capture_output=True).stdout)["pods"])
                   if (corpus / folder / s / "truth.json.zst").exists() else len(json.loads((corpus / folder / s / "truth.json").read_text())["pods"])
                   for s in SCENARIOS)
        table, cost = {}, {}
        with tempfile.TemporaryDirectory() as scratch:
            for level in range(6):
                for beside in (False, True):
                    results, count = [], 0
                    for scenario, lines in logs.items():
                        kept = cut(lines, known, json_level + 1, level)
                        log = pathlib.Path(scratch) / f"{scenario}.log"
                        log.write_text("\n".join(kept) + "\n")
                        count += len(kept)
                        other = pathlib.Path(scratch) / f"{scenario}-runtime.log"
                        other.write_text("\n".join(beside_of[scenario]) + "\n")
                        results.append(report(binary, log, *([other] if beside else [])))
                    table[level, beside] = signals(results)
                    cost[level] = count
        print(f"## {title}\n")
        print("| measured | stream | " + " | ".join(f"-v {n}" for n in range(6)) + " |\n|---|---|" + "---|" * 6)
        for row in ROWS:
            for beside in (False, True):
                name = f"`{row}`" if "_seconds" in row or row.startswith("phase") else row
                print(f"| {name if not beside else ''} | {'kubelet + runtime' if beside else 'kubelet'} | " +
                      " | ".join(cell(table[n, beside][row]) for n in range(6)) + " |")
        print(f"| lines a pod | kubelet | " + " | ".join(f"{cost[n] / pods:.0f}" for n in range(6)) + " |")
        own = sum(len(lines) for lines in beside_of.values())
        print("| | runtime | " + " | ".join(f"+{own / pods:.0f}" for _ in range(6)) + " |\n")


if __name__ == "__main__":
    main(sys.argv)
