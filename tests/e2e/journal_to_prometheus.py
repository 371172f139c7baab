#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A recorded kubelet speaks to a real journald while `serve` follows it and a real Prometheus scrapes: the API of
Prometheus must answer with the counts and sums that `report` gives on the same log."""
import collections
import json
import subprocess
import sys
import time

import lane

lane.need("zstd", "prometheus", "promtool")
LINES_PER_SECOND = 4000

home = lane.temp_dir()
lines = lane.shifted(lane.recorded(sys.argv[1] if len(sys.argv) > 1 else "1.23.15-docker-text-v5/mix-abcdi"))
log = home / "kubelet.log"
log.write_text("\n".join(lines) + "\n")
report = lane.report(log)

journald = lane.Journald("kle-e2e")
kubelet = journald.stream()
kubelet.sendall((lines[0] + "\n").encode())

serve = lane.Serve(f"--journal.directory={journald.directory}", "--start=all", f"--state.path={home}/state")
base = serve.base
prometheus = lane.prometheus(f"127.0.0.1:{serve.port}", home)

begun = time.monotonic()
for i in range(1, len(lines), 400):
    kubelet.sendall(("\n".join(lines[i:i + 400]) + "\n").encode())
    time.sleep(400 / LINES_PER_SECOND)
print(f"{len(lines)} lines in {time.monotonic() - begun:.1f} s")

ended = [t for t in report["terminations"] if t["state"] in ("removed", "terminated") and t["trigger"] != "finished"]
in_flight = [t for t in report["terminations"] if t["state"] == "in_flight"]


def scraped_all():
    total = lane.ask(prometheus, "sum(kubelet_lifecycle_pod_terminations_total)")
    return total and list(total.values())[0] >= len(ended)


try:
    lane.wait_for("all terminations in Prometheus", scraped_all, 30)
except AssertionError as error:
    lane.expect(str(error), False)
time.sleep(3)

lane.expect("ready after catching up", lane.get(base + "/-/ready")[0] == 200, lane.get(base + "/-/ready")[1])
lane.expect("the log ends something", len(ended + in_flight) > 3)


def compare(name, rows, sums=True):
    """rows: (labels, seconds) of the report against the histogram."""
    count, total = collections.Counter(), collections.Counter()
    for labels, seconds in rows:
        key = tuple(sorted(labels.items()))
        count[key] += 1
        total[key] += seconds
    got = {k: v for k, v in lane.ask(prometheus, f"kubelet_lifecycle_{name}_count").items() if v}
    lane.expect(f"{name}_count", got == dict(count), f"{got} against {dict(count)}")
    if sums:
        got = lane.ask(prometheus, f"kubelet_lifecycle_{name}_sum")
        off = {k: (got.get(k), v) for k, v in total.items() if abs(got.get(k, -1) - v) > 1e-3}
        lane.expect(f"{name}_sum", not off, str(off))


# What is in flight but has lost its containers and sandbox is measured that far.
stopped = [t for t in ended + in_flight if t["terminated_at"] is not None]
terminated = [t for t in stopped if t["termination_seconds"] is not None]
EARLY = ("dispatch", "prestop", "stop_containers", "stop_sandbox")
compare("pod_termination_duration_seconds",
        [({"trigger": t["trigger"], "precision": t["termination_precision"]}, t["termination_seconds"]) for t in terminated])
compare("pod_termination_phase_duration_seconds",
        [({"phase": p["phase"], "precision": p["precision"]}, p["seconds"])
         for t in ended + in_flight for p in t["phases"] if p["seconds"] is not None
         and t in (stopped if p["phase"] in EARLY else ended)])
compare("container_stop_duration_seconds",
        [({"outcome": c["outcome"], "precision": c["precision"]}, c["stop_seconds"])
         for t in stopped for c in t["containers"] if c["stop_seconds"] is not None])
counts = collections.Counter((("outcome", t["outcome"]), ("trigger", t["trigger"])) for t in ended)
got = {k: v for k, v in lane.ask(prometheus, "kubelet_lifecycle_pod_terminations_total").items() if v}
lane.expect("pod_terminations_total", got == dict(counts), f"{got} against {dict(counts)}")
events = list(lane.ask(prometheus, "sum(kubelet_lifecycle_events_total)").values())[0]
lane.expect("events_total", events == report["source"]["events"], f"{events} against {report['source']['events']}")
now_in_flight = list(lane.ask(prometheus, "sum(kubelet_lifecycle_terminating_pods)").values())[0]
lane.expect("terminating_pods", now_in_flight == len(in_flight), f"{now_in_flight} against {len(in_flight)}")

status, text = lane.get(base + "/api/v1/terminations?state=recent&limit=1000")
api = json.loads(text)
rows = api["terminations"] if isinstance(api, dict) else api
lane.expect("the API has every ended termination", {t["uid"] for t in ended} <= {t["uid"] for t in rows})

status, text = lane.get(base + "/metrics")
check = subprocess.run(["promtool", "check", "metrics"], input=text.encode(), capture_output=True)
lane.expect("promtool check metrics", check.returncode == 0 and not check.stderr, check.stderr.decode())
lane.expect("series within the bound", sum(not l.startswith("#") for l in text.splitlines()) < 2000)
lane.expect("SIGTERM ends it with 0", serve.stop() == 0)
print(serve.said()[-2000:])
lane.finish()
