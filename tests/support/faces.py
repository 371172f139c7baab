# SPDX-License-Identifier: Apache-2.0
"""What the metrics must say for the records of a JSON report: one oracle for every face."""
import collections
import re

EARLY = ("dispatch", "prestop", "stop_containers", "stop_sandbox")
LINE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)(?: (\S+))?$")
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"')
PREFIX = "kubelet_lifecycle_"


def exposition(text):
    """{(name without prefix, labels as a sorted tuple): last value} of Prometheus text or OpenMetrics."""
    values = {}
    for line in text.splitlines():
        found = LINE.match(line)
        if found and not line.startswith("#"):
            values[found[1].removeprefix(PREFIX), tuple(sorted(LABEL.findall(found[2] or "")))] = float(found[3])
    return values


def expected(report):
    """{(name, labels): value} that follow from the report's records."""
    records = report["terminations"]
    ended = [t for t in records if t["state"] in ("removed", "terminated") and t["trigger"] != "finished"]
    flying = [t for t in records if t["state"] == "in_flight"]
    # What is in flight but has lost its containers and sandbox is measured that far.
    stopped = [t for t in ended + flying if t["terminated_at"] is not None]
    values = collections.Counter()

    def observe(name, seconds, **labels):
        key = tuple(sorted(labels.items()))
        values[name + "_count", key] += 1
        values[name + "_sum", key] += seconds

    for t in stopped:
        if t["termination_seconds"] is not None:
            observe("pod_termination_duration_seconds", t["termination_seconds"], trigger=t["trigger"], precision=t["termination_precision"])
        for c in t["containers"]:
            if c["stop_seconds"] is not None:
                observe("container_stop_duration_seconds", c["stop_seconds"], outcome=c["outcome"], precision=c["precision"])
    for t in ended + flying:
        for p in t["phases"]:
            if p["seconds"] is not None and (p["phase"] not in EARLY and t in ended or p["phase"] in EARLY and t in stopped):
                observe("pod_termination_phase_duration_seconds", p["seconds"], phase=p["phase"], precision=p["precision"])
    for t in ended:
        values["pod_terminations_total", (("outcome", t["outcome"]), ("trigger", t["trigger"]))] += 1
    values["kubelet_restarts_total", ()] = report["summary"]["kubelet_restarts"]
    for phase in {(t["current"] or {}).get("phase") for t in flying} - {None}:
        values["terminating_pods", (("phase", phase),)] = sum(t["current"]["phase"] == phase for t in flying)
    return dict(values)


def differences(values, report):
    """Where `values` (as exposition() gives them) are not what the report's records make; "" when nowhere."""
    wanted = expected(report)
    names = {name for name, _ in wanted} | {"pod_terminations_total"}
    got = {key: value for key, value in values.items() if key[0] in names and value}
    return "; ".join(f"{key}: {got.get(key)} against {wanted.get(key)}" for key in sorted(set(got) | {k for k, v in wanted.items() if v})
                     if abs(got.get(key, 0) - wanted.get(key, 0)) > 1e-3)
