# SPDX-License-Identifier: Apache-2.0
"""Recorded kubelets' logs, and what of them the same kubelet would have printed at a lower level.

klog prints an info line when its level is at most --v or, for its file, the one in --vmodule. A line's level is known by its
place in the source: JSON tells it; else it is the catalogue's of the message, or the lowest at which that place was seen to print."""
import collections
import csv
import functools
import json
import os
import pathlib
import re
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
TRACES = ROOT / "tests/traces/recorded"
BINARY = os.environ.get("KLE_BINARY") or str(ROOT / "build/release/kubelet-lifecycle-exporter")
HEADER = re.compile(r"^([IWEF])\d{4} (\d\d):(\d\d):(\d\d)\.\d{6} +\d+ ([^:\]]+)\.go:(\d+)\] (?:\"((?:[^\"\\]|\\.)*)\")?")
# Lines that stand behind an `if klog.V(n).Enabled()`, or are klog.V(n).ErrorS: their own level does not tell.
GUARDED = {"PLEG: Write status": 4, "Post-termination container state": 4, "updateStatusInternal": 5,
           "Exec lifecycle hook for Container in Pod failed": 1, "HTTP lifecycle hook for Container in Pod failed": 1}
# A template in the table of events: what a Go call or a printf's format has before the first thing that is put in.
TEMPLATE = re.compile(r"^\w+\.Generate\w+\((?:fmt\.Sprintf\()?\"([^\"%]+)|^([^%\"]{12,})%")


@functools.cache
def unpack(path):
    return subprocess.run(["zstd", "-qdc", path], check=True, capture_output=True).stdout.decode()


def lines_of(folder):
    return unpack(folder / "kubelet.log.zst").splitlines()


@functools.cache
def catalogue():
    """{message: level}, {beginning of a built message: levels}"""
    levels, beginnings = {}, collections.defaultdict(set)
    with open(ROOT / "tests/parser/events.tsv", encoding="utf-8") as table:
        for row in csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE):
            found = re.search(r"V\((\d+)\)", row["level"])
            level = int(found[1]) if found else 0
            levels.setdefault(row["message"], level)
            if template := TEMPLATE.match(row["message"]):
                beginnings[template[1] or template[2]].add(level)
    return levels, beginnings


def level_of_text(line, match):
    """By the catalogue; None when it has not such a message, or at more than one level."""
    levels, beginnings = catalogue()
    if match[7] in levels:
        return levels[match[7]]
    text = line.split("] ", 1)[1].removeprefix('"')
    found = set().union(*(told for beginning, told in beginnings.items() if text.startswith(beginning)))
    return found.pop() if len(found) == 1 else None


@functools.cache
def place_levels(kubelet):
    """(file, line): the level of that log call of this kubelet."""
    levels = {}
    for log in TRACES.glob(f"{kubelet}-*/*/kubelet.log.zst"):
        recorded_at = json.loads((log.parent / "meta.json").read_text())["verbosity"]
        for line in lines_of(log.parent):
            if line.startswith("{"):
                record = json.loads(line)
                file, number = record["caller"].rsplit("/", 1)[-1].split(".go:")
                level = record.get("v", 0)
            elif match := HEADER.match(line):
                file, number = match[5], match[6]
                told = level_of_text(line, match)
                level = recorded_at if told is None else min(recorded_at, told)
            else:
                continue
            place = (file, number)
            levels[place] = min(levels.get(place, level), level)
    return levels


def printed(lines, levels, verbosity, vmodule=None):
    out, keep = [], True
    for line in lines:
        if match := HEADER.match(line):  # a line without one goes on the last
            most = max(verbosity, (vmodule or {}).get(match[5], 0))
            level = GUARDED.get(match[7], levels[match[5], match[6]] if match[1] == "I" else 0)
            keep = level <= most
        if keep:
            out.append(line)
    return out


def report(*logs):
    """Of logs that were written side by side, each as its lines."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [pathlib.Path(folder) / f"{number}.log" for number, _ in enumerate(logs)]
        for path, lines in zip(paths, logs):
            path.write_text("\n".join(lines) + "\n")
        done = subprocess.run([BINARY, "report", "--format=json", "--timezone=UTC", "--year=2026", *map(str, paths)],
                              check=True, capture_output=True)
    return json.loads(done.stdout)
