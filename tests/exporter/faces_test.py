#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All faces agree: one recorded log through `serve` (API, /metrics) and `report` (json, csv, openmetrics, otlp)."""
import csv
import io
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests/support"), str(ROOT / "tests/e2e")]
import faces
import lane

LOGS = ["1.23.15-docker-text-v5/mix-abcdi", "1.32.13-containerd17-text-v5/h-stuck", "1.23.15-containerd-text-v2/j-kubelet-restart"]
# What changes with the clock or tells of the running exporter.
MOVING = ("age_seconds", "overdue_pods", "stuck_", "lag_seconds", "tracked_pods", "_info", "ready", "state_", "trace_exports", "config_", "journal_", "last_event",
          "lines_total", "process_")


def settled(record):
    """A record without what grows with the clock."""
    record = json.loads(json.dumps(record))
    if record["current"]:
        for name in ("age_seconds", "overdue_seconds", "hint"):
            record["current"].pop(name, None)
        if record["current"]["reason"] == "grace_exceeded":  # a matter of its age
            record["current"]["reason"] = ""
    return record


def try_log(name):
    home = lane.temp_dir()
    log = home / "kubelet.log"
    log.write_text("\n".join(lane.recorded(name)) + "\n")  # long past: what settles with time has settled
    document = lane.report(log)
    records = document["terminations"]
    lane.expect(f"{name}: terminations", len(records) > 2, len(records))

    serve = lane.Serve("--source=file", f"--file.path={log}", "--timezone=UTC", "--state.path=none").wait_ready()

    def api(state):
        return serve.terminations(f"?state={state}&limit=1000")

    # The last line is complete once the log has been quiet for a moment.
    ended = [t for t in records if t["state"] != "in_flight"]
    lane.wait_for("every ended record in the API", lambda: len(api("recent")) >= len(ended))
    lane.wait_for("every event in /metrics", lambda: sum(
        value for (name, _), value in faces.exposition(serve.metrics()).items() if name == "events_total") >= document["source"]["events"])
    metrics = serve.metrics()
    served = {(t["uid"], t["pod"], t["requested_at"]): settled(t) for t in api("recent") + api("in_flight")}
    printed = {(t["uid"], t["pod"], t["requested_at"]): settled(t) for t in records}
    off = [key for key in served.keys() | printed.keys() if served.get(key) != printed.get(key)]
    lane.expect(f"{name}: the API has the report's records, field by field", not off, f"{off[:1]}: {[(served.get(k), printed.get(k)) for k in off[:1]]}")
    serve.stop()

    text = faces.exposition(metrics)
    lane.expect(f"{name}: /metrics says what the records say", not faces.differences(text, document), faces.differences(text, document))
    history = faces.exposition(lane.report(log, form="openmetrics"))
    lane.expect(f"{name}: openmetrics says what the records say", not faces.differences(history, document), faces.differences(history, document))
    same = [key for key in text if not any(part in key[0] for part in MOVING)]
    off = [(key, text[key], history.get(key)) for key in same if abs(text[key] - history.get(key, -1)) > 1e-6]
    lane.expect(f"{name}: openmetrics ends where /metrics stands, in {len(same)} series", len(same) > 100 and not off, off[:3])

    rows = list(csv.DictReader(io.StringIO(lane.report(log, form="csv"))))
    lane.expect(f"{name}: csv has a row for each record", [r["pod"] for r in rows] == [t["pod"] for t in records])
    for column in ("termination_seconds", "deletion_seconds"):
        sums = [sum(float(r[column] or 0) for r in rows), sum(t[column] or 0 for t in records)]
        lane.expect(f"{name}: csv's {column} add up", abs(sums[0] - sums[1]) < 1e-3, sums)
    lane.expect(f"{name}: csv's stuck", sum(r["stuck"] == "true" for r in rows) == document["summary"]["stuck"])

    traces = [json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"] for line in lane.report(log, form="otlp").splitlines()]
    lane.expect(f"{name}: a trace for each ended record", len(traces) == len(ended))
    lane.expect(f"{name}: a span for each phase, container and volume", sum(map(len, traces)) == len(ended) + sum(
        sum(p["seconds"] is not None for p in t["phases"]) + sum(c["stop_seconds"] is not None for c in t["containers"]) +
        sum(v["seconds"] is not None for v in t["volumes"]) for t in ended))


for log_name in LOGS:
    try_log(log_name)
lane.finish()
