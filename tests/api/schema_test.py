#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the API and the report give is what docs/api/*.schema.json says, and both tell the same of one log."""
import copy
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
import lane  # noqa: E402

try:
    import jsonschema
except ImportError:
    if sys.executable != "/usr/bin/python3" and os.path.exists("/usr/bin/python3"):  # Debian's packages are its own
        os.execv("/usr/bin/python3", ["/usr/bin/python3", *sys.argv])
    lane.skip("python3-jsonschema is not installed")

lane.need("zstd")
SCHEMA = json.loads((ROOT / "docs/api/kubelet-lifecycle-v1.schema.json").read_text())
home = lane.temp_dir()


def faults(kind, value):
    validator = jsonschema.Draft202012Validator({**SCHEMA, "$ref": f"#/$defs/{kind}"})
    return [f"{error.json_path}: {error.message}"[:300] for error in validator.iter_errors(value)]


def valid(what, kind, value):
    found = faults(kind, value)
    lane.expect(f"{what} is a valid {kind}", not found, "; ".join(found[:3]))


def ask(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


jsonschema.Draft202012Validator.check_schema(SCHEMA)
logs = sorted((ROOT / "tests/traces/recorded").glob("*/*/kubelet.log.zst"))
lane.expect("recorded logs are there", len(logs) > 5)
seen = 0
for log in logs:
    given = lane.report(log)
    seen += len(given["terminations"])
    valid(f"report of {log.parent.parent.name}, {log.parent.name}", "report", given)
lane.expect("they hold terminations", seen > 100, str(seen))

log = home / "kubelet.log"
demo = subprocess.run(["zstd", "-qdc", ROOT / "tests/traces/demo.log.zst"], check=True, capture_output=True).stdout
log.write_text("\n".join(lane.shifted(demo.decode().splitlines())) + "\n")
base = lane.Serve("--source=file", f"--file.path={log}", "--timezone=UTC", "--state.path=none").wait_ready().base
answer = ask(f"{base}/api/v1/terminations")
valid("what the API gives", "terminations", answer)
valid("the status", "status", ask(f"{base}/api/v1/status"))
status, text = lane.get(f"{base}/api/v1/terminations?state=gone")
lane.expect("a mistake is a 400", status == 400, str(status))
valid("what the API says of it", "error", json.loads(text))

# The status tells what /metrics tells; nothing but ages moves any more.
def metric(name, label=None):
    """By that label's value; without one, the sum."""
    values = {}
    for line in lane.get(f"{base}/metrics")[1].splitlines():
        found = re.match(rf"kubelet_lifecycle_{name}(?:\{{(.*)\}})? (\S+)$", line)
        if found:
            labels = dict(re.findall(r'(\w+)="([^"]*)"', found.group(1) or ""))
            values[labels.get(label, "")] = values.get(labels.get(label, ""), 0) + float(found.group(2))
    return values if label else values.get("", 0)


told = ask(f"{base}/api/v1/status")
for what, there, here in [("gaps", metric("journal_gaps_total", "reason"), told["source"]["gaps"]),
                          ("parse errors", metric("parse_errors_total", "reason"), told["source"]["parse_errors"]),
                          ("pods in flight", metric("terminating_pods"), told["terminations"]["in_flight"]),
                          ("lines", sum(metric("lines_total", "format").values()), told["source"]["lines"]),
                          ("signals", {name for name, value in metric("signal_available", "signal").items() if value},
                           {one["signal"] for one in told["signals"] if one["available"]})]:
    lane.expect(f"the status and the metrics agree on {what}", there == here and there, f"{there} {here}")

# Over the wire: what the client has is not sent again.
with urllib.request.urlopen(f"{base}/api/v1/terminations?state=recent", timeout=10) as got:
    etag = got.headers["ETag"]
try:
    again = urllib.request.Request(f"{base}/api/v1/terminations?state=recent", headers={"If-None-Match": etag})
    with urllib.request.urlopen(again, timeout=10) as got:
        status = got.status
except urllib.error.HTTPError as error:
    status = error.code
lane.expect("unchanged records are a 304", status == 304, str(status))

# One log, told twice: the age of what is in flight goes on, everything else is the same.
key = lambda record: (record["uid"], record["requested_at"] or "", record["pod"])
told = {}
for face, records in {"API": answer["terminations"], "report": lane.report(log)["terminations"]}.items():
    told[face] = {key(record): {**record, "current": record["current"] and record["current"]["phase"]} for record in records}
lane.expect("both tell of the same pods", told["API"].keys() == told["report"].keys(),
            str(told["API"].keys() ^ told["report"].keys()))
differ = [(k, name) for k in told["API"].keys() & told["report"].keys() for name in told["API"][k]
          if told["API"][k][name] != told["report"][k][name]]
lane.expect("and the same of each", not differ, str(differ[:5]))

# The schema is strict: what is no record is found.
good = next(record for record in answer["terminations"] if record["failures"] and record["containers"])
for name in good:
    lane.expect(f"a record without {name} is none", faults("record", {k: v for k, v in good.items() if k != name}))
for path, value in {("extra",): 1, ("trigger",): "whim", ("requested_at",): "2026-11-23 23:01:26", ("termination_seconds",): -1,
                    ("phases", 0, "phase"): "limbo", ("failures", 0, "reason"): "", ("containers", 0, "exit_code"): "0",
                    ("grace", "exceeded"): None}.items():
    bad = copy.deepcopy(good)
    at = bad
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    lane.expect(f"a record with {'.'.join(map(str, path))} {value!r} is none", faults("record", bad))
lane.finish()
