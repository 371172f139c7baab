#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a kubelet's log level costs in lines and makes measurable, by recorded kubelets. usage: verbosity.py [--write]

The levels 0, 2, 4 and 5 were recorded. What lies between (a level 3, --vmodule) is taken from the recordings at 5 by leaving
out the lines that such a kubelet would not have printed (recorded.py).

Without --write: deploy/kubelet/README.md must say what comes out, and its snippets must be those that were measured."""
import collections
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import score  # noqa: E402
from recorded import HEADER, ROOT, TRACES, lines_of, place_levels, printed, report, unpack  # noqa: E402

PAGE = ROOT / "deploy/kubelet/README.md"
KUBELET = "1.32.13"  # the only one recorded at 0, 2, 4 and 5, as text and as JSON, with the same pods
FULL = f"{KUBELET}-containerd17-text-v5"
MIX = "mix-abcdi"

STOPS = {"kuberuntime_container": 3}
WORKERS = {**STOPS, "kubelet": 4, "pod_workers": 4}
STATUS = {**WORKERS, "status_manager": 3}
# (what is set, --v, --vmodule, the recording at that level or None, the level that the exporter then sees)
SETTINGS = [
    ("`-v 0`", 0, {}, f"{KUBELET}-containerd17-text-v0", 0),
    ("`-v 2`", 2, {}, f"{KUBELET}-containerd17-text-v2", 2),
    ("`-v 2`", 2, {}, None, 2),
    ("`-v 2`, vmodule stops", 2, STOPS, None, 3),
    ("`-v 2`, vmodule workers", 2, WORKERS, None, 4),
    ("`-v 2`, vmodule status", 2, STATUS, None, 4),
    ("`-v 3`", 3, {}, None, 3),
    ("`-v 4`", 4, {}, f"{KUBELET}-containerd17-text-v4-livejournal", 4),
    ("`-v 4`, JSON", 4, {}, f"{KUBELET}-containerd17-json-v4", 4),
    ("`-v 5`", 5, {}, FULL, 5),
]
SIGNALS = score.PHASES


def found(told):
    """{signal: {precision: how many}}"""
    out = collections.defaultdict(collections.Counter)
    for record in told["terminations"]:
        for phase in record["phases"]:
            if phase["seconds"] is not None:
                out[phase["phase"]][phase["precision"]] += 1
    return out


def seconds(line):
    if line.startswith("{"):
        return json.loads(line)["ts"] / 1000
    match = HEADER.match(line)
    return match and int(match[2]) * 3600 + int(match[3]) * 60 + int(match[4])


def busiest(lines, span=30):
    window, most = collections.deque(), 0
    for at in filter(None, map(seconds, lines)):
        window.append(at)
        while window[0] < at - span:
            window.popleft()
        most = max(most, len(window))
    return most


def measure(levels):
    cost, sees, holds = [], [], []
    for name, verbosity, vmodule, recording, level in SETTINGS:
        folder = TRACES / (recording or FULL) / MIX
        lines = lines_of(folder) if recording else printed(lines_of(folder), levels, verbosity, vmodule)
        pods = len(json.loads(unpack(folder / "truth.json.zst"))["pods"])
        size = sum(len(line) + 1 for line in lines)
        cost.append((name, "recorded" if recording else "from `-v 5`", f"{len(lines) / pods:.0f}", f"{size / pods / 1000:.0f} KB",
                     f"{busiest(lines):,}"))
        signals = found(report(lines))
        sees.append((name, *(", ".join(f"{signals[s][p]} {p}" for p in ("exact", "relist", "bound") if signals[s][p]) or "-" for s in SIGNALS)))
        if verbosity >= 2 and (not recording or verbosity > 3) and "JSON" not in name:
            holds.append((name, *accuracy(levels, verbosity, vmodule, level)))
    return cost, sees, holds


def accuracy(levels, verbosity, vmodule, level):
    """Over every scenario recorded at 5: share of its lines, checks that hold, error of the exits."""
    rows, errors, printed_lines, all_lines = [], [], 0, 0
    for log in sorted((TRACES / FULL).glob("*/kubelet.log.zst")):
        lines = lines_of(log.parent)
        some = printed(lines, levels, verbosity, vmodule)
        all_lines, printed_lines = all_lines + len(lines), printed_lines + len(some)
        meta = {**json.loads((log.parent / "meta.json").read_text()), "verbosity": level}
        checks, exits = score.score(report(some), json.loads(unpack(log.parent / "truth.json.zst")), meta)
        rows += checks
        errors += exits
    errors.sort()
    return (f"{100 * printed_lines / all_lines:.0f} %", f"{sum(r[0] for r in rows)} of {len(rows)}",
            f"{errors[len(errors) // 2] * 1000:.0f} ms", f"{errors[-1] * 1000:.0f} ms")


def table(head, rows):
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def flag(vmodule):
    return ",".join(f"{file}={level}" for file, level in vmodule.items())


def measured_part():
    cost, sees, holds = measure(place_levels(KUBELET))
    return "\n\n".join([
        table(("setting", "how it was had", "lines a pod", "bytes a pod", "most lines in 30 s"), cost),
        "What the same logs show, in terminations for which a phase could be measured, by precision:",
        table(("setting", *SIGNALS), sees),
        "And how right it is, over eleven scenarios recorded at `-v 5` with every line left out that the setting would not print:",
        table(("setting", "lines of `-v 5`", "checks that hold", "exit error median", "worst"), holds)])


def check_snippets():
    """The snippets set what was measured."""
    wrong = []
    for name, vmodule in (("stops", STOPS), ("workers", WORKERS), ("status", STATUS)):
        dropin = (ROOT / f"deploy/kubelet/{name}.conf").read_text()
        if f"--vmodule={flag(vmodule)}\"" not in dropin:
            wrong.append(f"deploy/kubelet/{name}.conf does not set --vmodule={flag(vmodule)}")
        config = (ROOT / f"deploy/kubelet/{name}.yaml").read_text()
        pairs = dict(re.findall(r"filePattern: (\S+)\n\s+verbosity: (\d+)", config))
        if {file: int(level) for file, level in pairs.items()} != vmodule:
            wrong.append(f"deploy/kubelet/{name}.yaml sets {pairs}")
        if flag(vmodule) not in PAGE.read_text():
            wrong.append(f"deploy/kubelet/README.md does not name {flag(vmodule)}")
    return wrong


def main():
    begin, end = "<!-- measured: tests/accuracy/verbosity.py --write -->\n", "\n<!-- /measured -->"
    page = PAGE.read_text()
    before, rest = page.split(begin)
    after = rest.split(end)[1]
    made = before + begin + "\n" + measured_part() + "\n" + end + after
    if "--write" in sys.argv:
        PAGE.write_text(made)
        page = made
    failed = check_snippets()
    if page != made:
        failed.append("deploy/kubelet/README.md is not what the recordings give: ./dev docs")
    for line in failed:
        print("FAIL  " + line)
    print(f"{len(SETTINGS)} settings, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
