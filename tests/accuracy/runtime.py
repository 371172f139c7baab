#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds `report` on a kubelet's log and its container runtime's against the recorded truth.

usage: runtime.py [--markdown] [CORPUS]      the binary: $KLE_BINARY; CORPUS: default tests/traces/recorded

A folder's runtime log is its runtime.log.zst, else the runtime-daemon.log.zst one folder up, of all scenarios: up to where the
kubelet's log ends, since ages are those of the last line. Where the kubelet prints its deletions (-v 2 and more), every check of score.py has to hold with the runtime's log too, and what was counted has to be the
same as without it. At -v 0 every deletion of a pod with a running container has to be found, and nothing else.
"""
import collections
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import score  # noqa: E402
from accuracy import read  # noqa: E402

EXACT = 0.020  # seconds from the runtime's own event
MEDIAN = {"containerd17": 0.020, "containerd": 0.100}  # container exits; 1.6 prints no exit event
START = (-0.05, 6.5)  # from the DELETE request; late: the kubelet's own client waits (1.23), a preStop hook runs
HEADER = re.compile(rb"[IWEF](\d\d)(\d\d) ([\d:.]+) ")
ENDED_BY_KUBELET = {"deadline", "eviction"}


def report(binary, *logs):
    out = subprocess.run([binary, "report", "--format=json", "--timezone=UTC", "--year=2026", *logs], capture_output=True)
    if out.returncode != 0:
        raise SystemExit(f"{logs}: report ended with {out.returncode}: {out.stderr.decode()[-500:]}")
    return json.loads(out.stdout)


def lines_of(path):
    return subprocess.run(["zstd", "-qdc", path], check=True, capture_output=True).stdout.splitlines()


def cut(daemon, kubelet, scratch):
    """The daemon's lines up to the kubelet's last one."""
    last = max(f"2026-{m[1].decode()}-{m[2].decode()}T{m[3].decode()}" for m in map(HEADER.match, lines_of(kubelet)) if m)
    path = pathlib.Path(scratch) / "runtime.log"
    path.write_bytes(b"".join(line + b"\n" for line in lines_of(daemon) if not line.startswith(b"time=") or line[6:32].decode() <= last))
    return path


def counts(result):
    """What the runtime's lines may not change."""
    terminations = sorted((r["uid"], r["namespace"], r["pod"], r["trigger"], r["outcome"], r["state"]) for r in result["terminations"])
    failures = sorted((r["uid"], f["phase"], f["reason"], f["object"], f["count"]) for r in result["terminations"] for f in r["failures"])
    return terminations, failures


def check_zero(result, truth, meta):
    """-v 0: yields (good, label, what, detail), and the errors of exits."""
    rows, errors = [], []
    records = collections.defaultdict(list)
    for record in result["terminations"]:
        # The truth knows no static pods: their uid is a hash, without dashes.
        if record["trigger"] != "unknown" and "-" in record["uid"]:
            records[record["uid"]].append(record)
    for pod in truth["pods"]:
        label = f"{pod['case']} {pod['name']}"
        mine = records.pop(pod["uid"], [])
        asked = score.stamp(pod["deletion_requests"][0]["t_request"]) if pod["deletion_requests"] else None
        ends = [(e, score.stamp(e.get("exited_at") or e["t"])) for e in pod["container_exits"]]
        ran = [(e, t) for e, t in ends if asked and t >= asked]
        if ran:
            rows.append((len(mine) == 1, label, "found, once", f"{len(mine)} records"))
        elif mine and mine[0]["trigger"] == "runtime_stop":
            # Nothing ran any more, but its sandbox did (back-off, a missing image): it starts with that one's stop.
            alive = asked and any(score.stamp(e["t"]) >= asked for e in pod["sandbox_exits"])
            rows.append((bool(alive) and len(mine) == 1, label, "not invented", json.dumps(mine)[:200]))
        for record in mine[:1]:
            start = score.stamp(record["requested_at"])
            if record["trigger"] == "runtime_stop":
                rows.append((asked is not None and START[0] <= start - asked <= START[1] + hook(pod), label, "start",
                             f"{record['requested_at']} against {pod['deletion_requests'][:1]}"))
            else:
                kept = record["trigger"] in ENDED_BY_KUBELET and any(word in pod["case"] for word in ("deadline", "evict"))
                rows.append((kept, label, "ended by the kubelet itself", record["trigger"]))
            for exit_, when in ends:
                box = [c for c in record["containers"] if c["id"] == exit_["id"]]
                if not box or box[0]["exited_at"] is None:
                    rows.append((when < start, label, "every exit is known", exit_["id"][:12]))
                    continue
                error = abs(score.stamp(box[0]["exited_at"]) - when)
                errors.append(error)
                if box[0]["precision"] == "exact":
                    rows.append((error <= EXACT, label, "exit", f"{error:.3f} s"))
                    rows.append((box[0]["exit_code"] == score.code(exit_["exit_code"]), label, "exit code", str(box[0]["exit_code"])))
            rows.append((record["state"] in ("removed", "terminated", "in_flight"), label, "state", record["state"]))
    rows.append((not records, "-", "no pod that is not there", str([r[0]["pod"] for r in records.values()])))
    return rows, errors


def hook(pod):
    return 40.0 if "prestop" in pod["case"] or pod["case"].startswith(("e", "j", "i-")) else 0.0


def main(argv):
    markdown = "--markdown" in argv
    names = [a for a in argv[1:] if not a.startswith("--")]
    corpus = pathlib.Path(names[0]) if names else HERE.parent / "traces/recorded"
    binary = os.environ.get("KLE_BINARY") or str(HERE.parents[1] / "build/release/kubelet-lifecycle-exporter")
    failed, table, scratch = [], {}, tempfile.TemporaryDirectory()
    for log in sorted(corpus.glob("*/*/kubelet.log.zst")):
        folder = log.parent
        runtime = next((p for p in (folder / "runtime.log.zst", folder.parent / "runtime-daemon.log.zst")
                        if p.exists() and p.stat().st_size > 100), None)
        if runtime is None:
            continue
        if runtime.parent != folder:
            runtime = cut(runtime, log, scratch.name)
        name = f"{folder.parent.name}/{folder.name}"
        meta, truth = read(folder / "meta.json"), read(folder / "truth.json")
        level = int(meta.get("verbosity", 0))
        both = report(binary, log, runtime)
        before = []
        if level == 0:
            rows, errors = ([], []) if str(meta["runtime"]).startswith("docker") else check_zero(both, truth, meta)
        else:
            rows, errors = score.score(both, truth, meta)
            alone = report(binary, log)
            before = score.score(alone, truth, meta)[1]
            for what, with_it, without in zip(("terminations", "failures"), counts(both), counts(alone)):
                difference = list((collections.Counter(with_it) - collections.Counter(without)).items())[:3]
                gone = list((collections.Counter(without) - collections.Counter(with_it)).items())[:3]
                rows.append((with_it == without, "-", f"the same {what} as without the runtime", f"new {difference}, gone {gone}"))
        failed += [f"{name} {pod}: {what}: {detail[:300]}" for good, pod, what, detail in rows if not good]
        key = (str(meta["kubelet_version"]), str(meta["runtime"]), level)
        entry = table.setdefault(key, [0, 0, [], []])
        entry[0] += sum(bool(r[0]) for r in rows)
        entry[1] += len(rows)
        entry[2] += errors
        entry[3] += before
    text = lambda errors, pick: f"{pick(errors) * 1000:.0f} ms" if errors else "-"
    if markdown:
        print("\n## With the container runtime's own log\n\n"
              "The same, with the runtime's lines as a second stream (tests/accuracy/runtime.py). At `-v 2` and above every check has to hold\n"
              "as well, and the same terminations and failures have to be counted as without. At `-v 0` every deletion of a pod with a running\n"
              "container has to be found, none invented, and exits that are called exact have to lie within 20 ms of the runtime's own event.\n"
              "containerd 1.6 prints no exit event: its shim's end is a `bound`. dockerd names neither pods nor requests: its lines join by a\n"
              "container id that the kubelet named and by time, and nothing exact is promised of them. CRI-O was not recorded: its messages are\n"
              "taken from its sources, and held by unit tests and simulated kubelets only.\n")
        print("| kubelet | runtime | -v | checks passed | exit error median | worst | without the runtime's log: median | worst | exits |\n"
              "|---|---|---|---|---|---|---|---|---|")
    for key in sorted(table):
        good, count, errors, before = table[key]
        if count == 0:
            continue  # nothing is promised
        cells = [*map(str, key), f"{good} of {count}", text(errors, statistics.median), text(errors, max), text(before, statistics.median),
                 text(before, max), str(len(errors))]
        print("| " + " | ".join(cells) + " |" if markdown else " | ".join(cells))
        limit = MEDIAN.get(key[1])
        if limit and errors and statistics.median(errors) > limit:
            failed.append(f"{key}: exit error median {text(errors, statistics.median)}, more than {limit} s")
    for line in failed:
        print("FAIL " + line, file=sys.stderr)
    return 1 if failed or not table else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
