#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""History backfilled: `report --format=openmetrics` made into blocks by promtool, served by a real Prometheus, which must
answer with the counts and sums of the JSON report."""
import json
import subprocess
import sys
import urllib.parse

import lane

sys.path.append(str(lane.ROOT / "tests/support"))
import faces

lane.need("zstd", "prometheus", "promtool")


def try_log(name):
    home = lane.temp_dir()
    log = home / "kubelet.log"
    log.write_text("\n".join(lane.recorded(name)) + "\n")
    document = lane.report(log)
    history = home / "history.om"
    history.write_text(lane.report(log, form="openmetrics"))
    made = subprocess.run(["promtool", "tsdb", "create-blocks-from", "openmetrics", history, home / "data"], capture_output=True, text=True)
    lane.expect(f"{name}: promtool takes it", made.returncode == 0, made.stderr + made.stdout)
    port = lane.free_port()
    (home / "prometheus.yml").write_text("{}")
    server = lane.start("prometheus", f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data", "--storage.tsdb.retention.time=100y",
                        f"--web.listen-address=127.0.0.1:{port}", stdout=subprocess.DEVNULL, stderr=open(home / "prometheus.log", "wb"))
    url = f"http://127.0.0.1:{port}"
    lane.wait_for("Prometheus", lambda: lane.get(url + "/-/ready")[0] == 200, 60)

    def ask(query, at):
        status, text = lane.get(f"{url}/api/v1/query?" + urllib.parse.urlencode({"query": query, "time": at}))
        assert status == 200, text
        return json.loads(text)["data"]["result"]

    end = document["source"]["last_event_at"]
    values = {}
    for row in ask('{__name__=~"kubelet_lifecycle_.+"}', end):
        labels = tuple(sorted((k, v) for k, v in row["metric"].items() if k != "__name__"))
        values[row["metric"]["__name__"].removeprefix(faces.PREFIX), labels] = float(row["value"][1])
    lane.expect(f"{name}: the imported blocks answer", len(values) > 200, len(values))
    off = faces.differences(values, document)
    lane.expect(f"{name}: the last sample says what the records say", not off, off)

    # The whole history by a query over time, as a dashboard asks: the first increment is not lost.
    begin = document["source"]["first_event_at"]
    ended = sum(t["state"] in ("removed", "terminated") and t["trigger"] != "finished" for t in document["terminations"])
    grown = ask("sum(max_over_time(kubelet_lifecycle_pod_terminations_total[30d]) - min_over_time(kubelet_lifecycle_pod_terminations_total[30d]))", end)
    lane.expect(f"{name}: all {ended} ends happen within the history", grown and float(grown[0]["value"][1]) == ended, grown)
    stuck = document["summary"]["stuck"]
    named = ask("count(kubelet_lifecycle_stuck_pod_age_seconds)", end)
    lane.expect(f"{name}: {stuck} stuck by name at the end", (float(named[0]["value"][1]) if named else 0) == stuck, named)
    before = ask("sum(kubelet_lifecycle_events_total)", begin)
    lane.expect(f"{name}: it begins at 0", before and float(before[0]["value"][1]) == 0, before)
    lane.stop(server)

    # A part of it.
    part = lane.report(log, form="openmetrics", flags=["--since=2m"])
    stamps = {float(line.rsplit(" ", 1)[1]) for line in part.splitlines() if not line.startswith("#")}
    lane.expect(f"{name}: --since cuts the history", stamps and max(stamps) - min(stamps) <= 120.1, (min(stamps), max(stamps)) if stamps else "")
    lane.expect(f"{name}: it ends with # EOF", part.endswith("# EOF\n"))


for recorded in sys.argv[1:] or ["1.23.15-docker-text-v5/mix-abcdi", "1.23.15-containerd-text-v2/j-kubelet-restart"]:
    try_log(recorded)
lane.finish()
