#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A fleet of N nodes, scraped by one real Prometheus with the recording rules: what a series, a rule and a query cost.

What is real: the exporters (one process for each kind of node in kubelets.py), their logs read as they grow, Prometheus, its
rules, its queries. What is simulated: a node. Each is one of the real exporters, seen up to a minute later, each by a time of
its own; so N nodes have N sets of series that move at different moments, from a dozen of processes.

  fleet.py N [--seconds=600] [--speed=1] [--interval=15] [--pictures=FOLDER]
"""
import argparse
import bisect
import hashlib
import http.server
import json
import pathlib
import re
import statistics
import sys
import threading
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests" / part) for part in ("e2e", "support")]
import kubelets  # noqa: E402
import lane  # noqa: E402
import replay  # noqa: E402

RULES = ROOT / "dashboards/prometheus/recording-rules.yaml"
FLEET = ROOT / "dashboards/grafana/fleet.json"
LATEST = 60.0  # seconds that a node may be behind its exporter, in a run that is long enough
KEEP_EVERY = 2.0


class Past:
    """What an exporter said, kept as long as some node may still have to say it."""

    def __init__(self, url, latest):
        self.url, self.latest, self.at, self.texts = url, latest, [], []

    def take(self):
        status, text = lane.get(self.url + "/metrics", 10)
        if status != 200:
            return
        self.at.append(time.monotonic())
        self.texts.append(text.encode())
        while len(self.at) > 2 and self.at[1] < time.monotonic() - self.latest - 10:
            del self.at[0], self.texts[0]

    def as_of(self, moment):
        return self.texts[max(bisect.bisect_right(self.at, moment) - 1, 0)]


class Nodes(http.server.ThreadingHTTPServer):
    """/node/17/metrics is what node 17 says."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, kinds, pasts, latest):
        self.kinds, self.pasts, self.latest = kinds, pasts, latest
        super().__init__(("127.0.0.1", 0), self.Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        while True:
            for past in self.pasts:
                past.take()
            time.sleep(KEEP_EVERY)

    def handle_error(self, *_):
        pass  # a scrape that was given up

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            node = int(self.path.split("/")[2])
            behind = int(hashlib.sha256(str(node).encode()).hexdigest()[:8], 16) / 2**32 * self.server.latest
            text = self.server.pasts[self.server.kinds[node]].as_of(time.monotonic() - behind)
            self.send_response(200)
            self.send_header("Content-Type", "text/plain; version=0.0.4")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_):
            pass


def prometheus(home, nodes, port_of_nodes, interval):
    port = lane.free_port()
    groups = [{"targets": [f"127.0.0.1:{port_of_nodes}"],
               "labels": {"instance": f"node-{node:04}", "cluster": ("north", "south")[node % 2], "__metrics_path__": f"/node/{node}/metrics"}}
              for node in range(nodes)]
    (home / "prometheus.yml").write_text(json.dumps({
        "global": {"scrape_interval": f"{interval}s", "evaluation_interval": f"{interval}s", "scrape_timeout": f"{interval}s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "kubelet-lifecycle", "static_configs": groups}]}))
    with open(home / "prometheus.log", "wb") as log:
        child = lane.start("prometheus", f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data",
                           f"--web.listen-address=127.0.0.1:{port}", stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    lane.wait_for("Prometheus", lambda: lane.get(url + "/-/ready")[0] == 200, 60)
    return child, url


def own(url, name):
    """Prometheus about itself: the sum of a metric's series, and each by its labels."""
    text = lane.get(url + "/metrics", 30)[1]
    rows = {labels: float(value) for labels, value in re.findall(rf"^{name}(\{{.*\}})? (\S+)$", text, re.M)}
    return sum(rows.values()), rows


def rss_anon(child):
    return int(re.search(r"RssAnon:\s+(\d+) kB", pathlib.Path(f"/proc/{child.pid}/status").read_text()).group(1)) * 1024


def value(url, query):
    """Of an instant query with one answer; a loaded machine may take its time."""
    status, text = lane.get(f"{url}/api/v1/query?" + urllib.parse.urlencode({"query": query}), 120)
    assert status == 200, text
    rows = json.loads(text)["data"]["result"]
    return float(rows[0]["value"][1]) if rows else 0.0


def timed(url, query, seconds, step, instant=False):
    """As the panel asks: at one moment, or over the whole time. Seconds, and how many series answered."""
    end = time.time()
    took = []
    kind, when = ("query", {"time": end}) if instant else ("query_range", {"start": end - seconds, "end": end, "step": step})
    for _ in range(3):
        begin = time.monotonic()
        status, text = lane.get(f"{url}/api/v1/{kind}?" + urllib.parse.urlencode({"query": query, **when}), 300)
        took.append(time.monotonic() - begin)
        assert status == 200, text
    return statistics.median(took), len(json.loads(text)["data"]["result"])


def fleet_queries(seconds):
    for panel in json.loads(FLEET.read_text())["panels"]:
        for target in panel.get("targets", []):
            query = target["expr"]
            for variable, text in (("$cluster", ".*"), ("$precision", ".*"), ("$__range", f"{round(seconds)}s")):
                query = query.replace(variable, text)
            yield f"{panel['title']} {target['refId']}", query, target["instant"]


RAW = ('histogram_quantile(0.9, sum by (cluster, le) (rate(kubelet_lifecycle_pod_termination_duration_seconds_bucket[5m])))')


def measure(url, child, seconds, interval):
    series, _ = own(url, "prometheus_tsdb_head_series")
    memory = rss_anon(child)
    _, groups = own(url, "prometheus_rule_group_last_duration_seconds")
    _, missed = own(url, "prometheus_rule_group_iterations_missed_total")
    by_level = {level: value(url, f'count({{__name__=~"{level}:kubelet_lifecycle.*"}})') for level in ("instance", "cluster", "cluster_version")}
    queries = {name: timed(url, query, seconds, interval, instant) for name, query, instant in fleet_queries(seconds)}
    slowest = max(queries, key=lambda name: queries[name][0])
    raw, _ = timed(url, RAW, seconds, interval)
    return {
        "series_head": int(series), "rss_anon_mib": round(memory / 2**20), "bytes_per_series": round(memory / series),
        "series_a_node": {q: round(value(url, f"{q}(scrape_samples_post_metric_relabeling)")) for q in ("min", "avg", "max")},
        "series_recorded": {level: int(n) for level, n in by_level.items()},
        "samples_a_second": round(value(url, f"sum(scrape_samples_scraped) / {interval}")),
        "scrape_seconds": round(value(url, "avg(scrape_duration_seconds)"), 4),
        "rules_seconds": {re.search(r"kubelet-lifecycle\.(\w+)", labels).group(1): round(took, 4) for labels, took in groups.items()},
        "rule_iterations_missed": sum(missed.values()),
        "fleet_query_seconds": {"median": round(statistics.median(took for took, _ in queries.values()), 4),
                                "slowest": round(queries[slowest][0], 4), "which": slowest},
        "most_series_answered": max(rows for _, rows in queries.values()),
        "p90_from_raw_series_seconds": round(raw, 4),
    }, {name: rows for name, (_, rows) in queries.items()}


def a_node(home):
    """Series and bytes a scrape of one node: idle, busy, worst."""
    out = {}
    begin = time.time() - 3000
    start = kubelets.datetime.datetime.fromtimestamp(begin, kubelets.UTC)
    recordings = ["1.32.13-containerd17-text-v5/mix-abcdi", "1.32.13-containerd17-text-v5/g-unmount-fails"]
    busy = [(at, text()) for at, text in replay.one_behind_another(recordings, begin)]
    logs = {"idle": list(kubelets.Ordinary(1, "v1.32.13", 2, start, lambda _: 0).lines(60)), "busy": busy, "worst": kubelets.worst(begin)}
    for name, lines in logs.items():
        (home / f"{name}.log").write_text("".join(line + "\n" for _, line in lines))
        port = replay.serve(home, name, home / f"{name}.log")
        base = f"http://127.0.0.1:{port}"
        lane.wait_for(f"{name} is ready", lambda: lane.get(base + "/-/ready")[0] == 200, 60)
        text = lane.get(base + "/metrics")[1]
        out[name] = {"series": sum(not line.startswith("#") for line in text.splitlines()), "bytes": len(text)}
    return out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("nodes", type=int)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--speed", type=float, default=1, help="of the logs against the clock")
    parser.add_argument("--interval", type=int, default=15, help="seconds between scrapes")
    parser.add_argument("--pictures", type=pathlib.Path, help="draw the four dashboards into this folder at the end")
    parser.add_argument("--site", type=pathlib.Path, help="the bundled page, if it is there already")
    arguments = parser.parse_args()
    lane.need("prometheus", "zstd")
    home = lane.temp_dir()

    print("a node:", json.dumps(a_node(home)), flush=True)
    now = time.time()
    long = arguments.seconds * arguments.speed
    begin = now - long + arguments.seconds
    kinds = kubelets.kinds_of(arguments.nodes)
    logs = {home / f"kind-{i}.log": kind.log(begin, long + 60) for i, kind in enumerate(kubelets.KINDS)}
    player = replay.Player(logs, begin, arguments.speed)
    ports = [replay.serve(home, f"kind-{i}", log) for i, log in enumerate(logs)]
    for port in ports:
        lane.wait_for("an exporter", lambda: lane.get(f"http://127.0.0.1:{port}/metrics")[0] == 200)
    latest = min(LATEST, arguments.seconds / 4)
    pasts = [Past(f"http://127.0.0.1:{port}", latest) for port in ports]
    for past in pasts:
        past.take()
    nodes = Nodes(kinds, pasts, latest)
    child, url = prometheus(home, arguments.nodes, nodes.server_address[1], arguments.interval)
    player.start()
    print(f"{arguments.nodes} nodes of {len(pasts)} kinds, {arguments.seconds:.0f} s at speed {arguments.speed:g}: {url}", flush=True)
    time.sleep(arguments.seconds)

    figures, rows = measure(url, child, arguments.seconds, arguments.interval)
    for name, figure in figures.items():
        print(f"figure: fleet.{arguments.nodes}.{name} = {figure}", flush=True)
    lane.expect("every node is up", value(url, "sum(up)") == arguments.nodes, value(url, "sum(up)"))
    rules = [rule for group in json.loads(lane.get(url + "/api/v1/rules")[1])["data"]["groups"] for rule in group["rules"]]
    lane.expect("every rule is evaluated without error", rules and all(rule["health"] == "ok" for rule in rules), [r.get("lastError") for r in rules])
    lane.expect("no cluster-level series names a node", value(url, 'count({__name__=~"cluster.*:kubelet_lifecycle.*", instance!=""})') == 0)
    lane.expect("the worst nodes are twenty at most: ten a cluster",
                all(value(url, f'count({{__name__="{name}"}})') <= 20 for name in {r["name"] for r in rules if r["name"].endswith("topk10")}))
    lane.expect("no fleet query answers with a series for each node", max(rows.values()) <= 30, rows)
    silent = [name for name, n in rows.items() if n == 0]
    lane.expect("every fleet query has an answer", not silent, silent)
    if arguments.pictures:
        import pictures  # pylint: disable=import-outside-toplevel
        pictures.keep(url, arguments.seconds)
        pictures.draw(arguments.pictures, arguments.site)
    player.stop()
    lane.finish()


if __name__ == "__main__":
    main()
