#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Recorded kubelets replayed through `serve`, a real Prometheus with the alerts of dashboards/, a real Alertmanager
that delivers to a webhook: on each node the right alerts fire, in time, and no other; they resolve.

The logs play at their own speed. The rules' time is divided by SCALE: `for`, windows, thresholds in seconds, the slack;
45 s of a busy mount point stand for 22 minutes. Graces and back-offs in the logs are not divided."""
import datetime
import http.server
import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request

import lane

sys.path.insert(0, str(lane.ROOT / "tests/support"))
import kubelet_log

try:
    import yaml
except ImportError:
    lane.skip("python3-yaml is not installed")
lane.need("zstd", "prometheus", "prometheus-alertmanager", "promtool")

SCALE = 30
SCRAPE = 1.0  # seconds; rules are evaluated as often
SLACK = 60 / SCALE
SECOND = datetime.timedelta(seconds=1)
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
home = lane.temp_dir()


def scaled(duration):
    return sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)([smhd])", duration)) / SCALE


def scaled_text(text):
    """Windows, and what a number of seconds is compared with: here those of 60 and more."""
    text = re.sub(r"\[(\w+)\]", lambda m: f"[{round(1000 * scaled(m.group(1)))}ms]", text)
    return re.sub(r"> (\d{2,})\b", lambda m: f"> {int(m.group(1)) / SCALE:g}" if int(m.group(1)) >= 60 else m.group(0), text)


def scaled_rules():
    """The alerts, faster; and each one's `for` in seconds."""
    document, waits = yaml.safe_load((lane.ROOT / "dashboards/prometheus/alerts.yaml").read_text()), {}
    for rule in (rule for group in document["groups"] for rule in group["rules"]):
        wait = scaled(rule.get("for", "0s"))
        waits[rule["alert"], rule["labels"]["severity"]] = wait
        rule["for"] = f"{round(1000 * wait)}ms"
        rule["expr"] = scaled_text(rule["expr"])
        rule["annotations"] = {key: scaled_text(value) for key, value in rule["annotations"].items()}
    (home / "alerts.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    return waits


class Webhook:
    """What Alertmanager delivers: {(alert, labels): {"fired", "resolved", "annotations"}}, times as arrived."""

    def __init__(self):
        received = self.received = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                received.extend((datetime.datetime.utcnow(), alert) for alert in body["alerts"])
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/"

    def alerts(self):
        found = {}
        for at, alert in list(self.received):
            one = found.setdefault(tuple(sorted(alert["labels"].items())), {
                "labels": alert["labels"], "fired": at, "resolved": None, "times": 0,
                "started": datetime.datetime.fromisoformat(alert["startsAt"].rstrip("Z")[:23]), "annotations": alert["annotations"]})
            if alert["status"] == "resolved":
                one["resolved"] = at
            elif one["resolved"]:
                one["resolved"], one["times"] = None, one["times"] + 1
        return list(found.values())


class Node:
    """An exporter that follows a log file, and the lines that will come: those before `begin` stand in it at the start."""

    def __init__(self, name, lines, begin, delays=()):
        self.name, self.lines, self.begin = name, lines, begin
        self.delays = delays
        self.log = home / f"{name}.log"
        self.port = lane.free_port()
        self.address = f"127.0.0.1:{self.port}"
        self.log.touch()
        self.serve = self.played = None

    def schedule(self, start):
        """Moves the log so that `begin` is `start`; [(time, line)] of what comes later."""
        delta = start - self.begin
        delta -= datetime.timedelta(microseconds=delta.microseconds)
        plan, at = [], first(self.lines, "")
        for line in self.lines:
            at = max(at, lane.klog_time(line) or at)  # headers step back now and then; a message may have several lines
            late = sum((by for after, by in self.delays if at >= after), datetime.timedelta())
            plan.append((at + delta + late, lane.moved([line], delta + late)[0]))
        self.played = plan
        self.stream = self.log.open("a")
        self.stream.writelines(line + "\n" for due, line in plan if due < start)
        self.stream.flush()
        return [(due, self.stream, line) for due, line in plan if due >= start]

    def run(self):
        self.serve = lane.start(lane.exporter(), "serve", "--source=file", f"--file.path={self.log}", "--timezone=UTC",
                                f"--web.listen-address={self.address}", f"--state.path={home}/{self.name}.state",
                                f"--stuck.slack={SLACK:g}s", stderr=(home / f"{self.name}.err").open("ab"))

    def metrics(self):
        return lane.get(f"http://{self.address}/metrics")[1]


def first(lines, text):
    """When the first line with `text` was printed."""
    return next(lane.klog_time(line) for line in lines if text in line and lane.klog_time(line))


def from_recording(name, recording, text="SyncLoop DELETE", **options):
    lines = lane.recorded(recording)
    options = {key: value(lines) for key, value in options.items()}
    return Node(name, lines, first(lines, text), **options)


def drain():
    """250 pods told to end within 18 s; a third of them take all of their grace."""
    kubelet = kubelet_log.Kubelet(seed=7, lines_per_second=50)
    for _ in range(250):
        kubelet.begin_life(1.0)
    kubelet.new_pod = 0
    lines = []
    for at, line in kubelet:
        if at > 60:
            break
        lines.append(line)
    return Node("drain", lines, first(lines, "SyncLoop DELETE"))


def crash_loop():
    """The first second of a recorded kubelet process, over and over, each with a process id of its own."""
    lines = lane.recorded("1.32.13-containerd17-text-v5/j-kubelet-restart")
    begin = first(lines, "")
    boot = [line for line in lines if (at := lane.klog_time(line)) and at - begin < SECOND]
    out = []
    for i in range(10):
        out += [re.sub(r"^(\S+ \S+ +)\d+", rf"\g<1>{4000 + i}", line) for line in lane.moved(boot, 4 * i * SECOND)]
    return Node("crash-loop", out, begin + 3 * SECOND)


def not_ready():
    """A journal without a kubelet."""
    node = Node("not-ready", [], None)
    node.run = lambda: lane.start(
        lane.exporter(), "serve", f"--journal.directory={home}", f"--web.listen-address={node.address}",
        f"--state.path={home}/not-ready.state", stderr=(home / "not-ready.err").open("wb"))
    return node


def alertmanager_command():
    """Debian's wants its templates below /usr/share, where an unpacked package has none: there it gets a view of its own."""
    program, templates = shutil.which("prometheus-alertmanager"), "usr/share/prometheus/alertmanager/default.tmpl"
    share = pathlib.Path(program).parents[2] / "usr/share"
    if pathlib.Path("/", templates).exists():
        return [program]
    if not (share.parents[1] / templates).exists():
        lane.skip("Alertmanager's templates are nowhere")
    return ["unshare", "--mount", "--map-root-user", "sh", "-c", 'mount --bind "$0" /usr/share && exec "$@"', share, program]


def inhibitions():
    """Those that dashboards/prometheus/README.md tells one to take."""
    text = (lane.ROOT / "dashboards/prometheus/README.md").read_text()
    return yaml.safe_load(text[text.index("inhibit_rules:"):text.index("route:\n")])["inhibit_rules"]


def start_alertmanager(receiver):
    port, place = lane.free_port(), lane.temp_dir()
    (place / "alertmanager.yml").write_text(json.dumps({
        "route": {"receiver": "all", "group_by": ["..."], "group_wait": "0s", "group_interval": "500ms", "repeat_interval": "1h"},
        "inhibit_rules": inhibitions(), "receivers": [{"name": "all", **receiver}]}))
    child = lane.start(*alertmanager_command(), f"--config.file={place}/alertmanager.yml", f"--storage.path={place}/data",
               f"--web.listen-address=127.0.0.1:{port}", "--cluster.listen-address=", stdout=(place / "alertmanager.err").open("wb"),
               stderr=subprocess.STDOUT)
    lane.wait_for("Alertmanager", lambda: lane.get(f"http://127.0.0.1:{port}/-/ready")[0] == 200, 30)
    return f"127.0.0.1:{port}", child


def check_inhibitions():
    """Which alerts the README's rules keep back while others fire."""
    address, child = start_alertmanager({})
    stuck = {"alertname": "PodTerminationStuck", "job": "kubelet-lifecycle", "instance": "n1", "namespace": "db", "pod": "pg-0"}
    given = [({**stuck, "severity": "critical"}, False), ({**stuck, "severity": WARNING}, True),
             ({**stuck, "severity": WARNING, "pod": "pg-1"}, False), ({**stuck, "severity": WARNING, "cluster": "b"}, False),
             ({"alertname": "ExporterDown", "job": "kubelet-lifecycle", "instance": "n2", "severity": WARNING}, False),
             ({**stuck, "instance": "n2", "severity": WARNING}, True),
             ({**stuck, "instance": "n2", "cluster": "b", "severity": WARNING}, False),
             ({"alertname": "NodeDown", "job": "node-exporter", "instance": "n2", "severity": WARNING}, False)]
    request = urllib.request.Request(f"http://{address}/api/v2/alerts", json.dumps([{"labels": labels} for labels, _ in given]).encode(),
                                     {"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=5).close()
    asked = lambda: json.loads(lane.get(f"http://{address}/api/v2/alerts")[1])
    lane.wait_for("every alert's state", lambda: len(asked()) == len(given) and all(a["status"]["state"] != "unprocessed" for a in asked()))
    kept_back = {tuple(sorted(alert["labels"].items())) for alert in asked() if alert["status"]["inhibitedBy"]}
    wanted = {tuple(sorted(labels.items())) for labels, back in given if back}
    lane.expect("the README's inhibitions keep back the warning of a critical pod and what an exporter that is down has said, and nothing else",
                kept_back == wanted, kept_back ^ wanted)
    lane.stop(child)


def start_prometheus(nodes, alertmanager):
    port = lane.free_port()
    (home / "prometheus.yml").write_text(json.dumps({
        "global": {"scrape_interval": f"{SCRAPE:g}s", "evaluation_interval": f"{SCRAPE:g}s"},
        "rule_files": [str(home / "alerts.yaml")],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [alertmanager]}]}]},
        "scrape_configs": [{"job_name": "kubelet-lifecycle", "static_configs": [
            {"targets": [node.address], "labels": {"instance": node.name}} for node in nodes]}]}))
    lane.start("prometheus", f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data",
               f"--web.listen-address=127.0.0.1:{port}", "--rules.alert.resend-delay=5s",
               stdout=(home / "prometheus.err").open("wb"), stderr=subprocess.STDOUT)
    url = f"http://127.0.0.1:{port}"
    lane.wait_for("Prometheus", lambda: lane.get(url + "/-/ready")[0] == 200, 60)
    return url


def play(plan, events):
    """Writes each line when it is due; `events` are (time, function) besides. How late the latest was, in seconds."""
    todo = sorted(plan + [(due, None, act) for due, act in events], key=lambda one: one[0])
    streams = {id(stream): stream for _, stream, _ in plan}.values()
    latest = 0.0
    for due, stream, what in todo:
        wait = (due - datetime.datetime.utcnow()).total_seconds()
        if wait > 0.02:
            for one in streams:
                one.flush()
            time.sleep(wait)
        if stream is None:
            what()
        else:
            latest = max(latest, -wait)
            stream.write(what + "\n")
    for one in streams:
        one.flush()
    return latest


WARNING = "warning"
EXPECTED = {  # by node: what fires there, by name and severity, and nothing else
    "drain": set(),
    "hung-volume": {("PodTerminationStuck", WARNING), ("VolumeUnmountFailing", WARNING)},
    "failing-cni": {("PodTerminationStuck", WARNING), ("SandboxTeardownFailing", WARNING)},
    "kubelet-restart": set(),
    "crash-loop": {("KubeletRestarting", WARNING)},
    "log-level-0": {("PodTerminationStuck", WARNING), ("SignalsMissing", WARNING), ("VolumeUnmountFailing", WARNING)},
    "not-ready": {("ExporterNotReady", WARNING)},
    "down": {("ExporterDown", WARNING)},
    "": set(),  # of the whole fleet
}
SECONDS = 76
waits = scaled_rules()
check = subprocess.run(["promtool", "check", "rules", str(home / "alerts.yaml")], capture_output=True, text=True)
lane.expect("the scaled rules are rules", check.returncode == 0, check.stdout + check.stderr)

volume = from_recording("hung-volume", "1.32.13-containerd17-text-v5/g-unmount-fails",
                        # So that the alert stands a while before the volume is free.
                        delays=lambda lines: [(first(lines, "SyncLoop DELETE") + 50 * SECOND, 6 * SECOND)])
cni = from_recording("failing-cni", "1.23.15-containerd-text-v2/f-cni-del-fails")
down = from_recording("down", "1.32.13-containerd17-text-v2/mix-abcdi", "SyncLoop ADD")
nodes = [drain(), volume, cni, from_recording("kubelet-restart", "1.32.13-containerd17-text-v5/j-kubelet-restart"), crash_loop(),
         from_recording("log-level-0", "1.32.13-containerd17-text-v0/g-unmount-fails", "UnmountVolume started"), not_ready(), down]
webhook = Webhook()
check_inhibitions()
alertmanager, _ = start_alertmanager({"webhook_configs": [{"url": webhook.url, "send_resolved": True}]})
for node in nodes:
    node.run()
for node in nodes:
    lane.wait_for(f"{node.name}'s health", lambda: lane.get(f"http://{node.address}/-/healthy")[0] == 200)
prometheus = start_prometheus(nodes, alertmanager)
lane.wait_for("every node scraped", lambda: lane.ask(prometheus, "count(up == 1)").get(()) == len(nodes))

begin = datetime.datetime.utcnow().replace(microsecond=0) + 3 * SECOND
plan = sum((node.schedule(begin) for node in nodes if node.begin), [])


def die_and_rise():
    """In the middle of what is stuck: nothing that fires may resolve, nothing that waits may start anew."""
    lane.stop(volume.serve, signal.SIGKILL)
    volume.run()


late = play([one for one in plan if one[0] < begin + SECONDS * SECOND and one[1] is not down.stream], [
    (begin + 5 * SECOND, lambda: lane.stop(down.serve, signal.SIGKILL)),
    (begin + 45 * SECOND, die_and_rise), (begin + SECONDS * SECOND, lambda: None)])
print(f"{len(plan)} lines in {SECONDS} s, at most {late:.1f} s late")


def scrapes(instance):
    """[(time, up)] of a node."""
    query = urllib.parse.urlencode({"query": f'up{{instance="{instance}"}}[{SECONDS + 20}s]'})
    rows = json.loads(lane.get(f"{prometheus}/api/v1/query?{query}")[1])["data"]["result"]
    return [(at, float(up)) for at, up in rows[0]["values"]]


def scrape_gap(instance):
    """The longest time between two scrapes that succeeded."""
    times = [at for at, up in scrapes(instance) if up]
    return max([SCRAPE] + [after - before for before, after in zip(times, times[1:])])


# A window of four minutes is one of 8 s here.
gap = max(scrape_gap(node.name) for node in nodes if node is not down)
if late > 5 or gap > 5:
    lane.skip(f"this machine is too busy to run 30 times as fast: a line came {late:.1f} s late, a scrape {gap:.1f} s")


def by_node():
    found = {name: [] for name in EXPECTED}
    for alert in webhook.alerts():
        found.setdefault(alert["labels"].get("instance", ""), []).append(alert)
    return found


def in_time(alert, since, what):
    """An alert that was due `for` after `since`: two scrapes may come besides, and the second of a commit."""
    key = (alert["labels"]["alertname"], alert["labels"]["severity"])
    after = (alert["started"] - since).total_seconds()
    limit = waits[key] + 1 + 2 * scrape_gap(alert["labels"]["instance"]) + late
    lane.expect(f"{key[0]} {after:.1f} s after {what}, its `for` is {waits[key]:g} s", waits[key] - SCRAPE <= after <= limit, f"limit {limit:.1f}")


def resolved_in_time(alert, since, what):
    """As long, and the second in which Alertmanager delivers."""
    after = (alert["resolved"] - since).total_seconds() if alert["resolved"] else float("inf")
    lane.expect(f"{alert['labels']['alertname']} resolved {after:.1f} s after {what}", after <= 2 + 2 * scrape_gap(alert["labels"]["instance"]) + late)


def of(name, alertname):
    return [alert for alert in by_node()[name] if alert["labels"]["alertname"] == alertname]


try:
    lane.wait_for("the volume's alerts resolved", lambda: all(a["resolved"] for a in by_node()["hung-volume"]), 15)
except AssertionError as error:
    lane.expect(str(error), False)
for name, alerts in by_node().items():
    fired = {(alert["labels"]["alertname"], alert["labels"]["severity"]) for alert in alerts}
    wanted = EXPECTED.get(name)
    lane.expect(f"{name or 'the fleet'}: {' and '.join(sorted(alert for alert, _ in wanted or ())) or 'none'}, and no other", fired == wanted, str(fired))

deleted, removed = {}, {}  # when, by namespace/pod
for at, line in volume.played:
    if "SyncLoop DELETE" in line:
        deleted.setdefault(line.split('pods=["')[1].split('"')[0], at)
    elif "SyncLoop REMOVE" in line:
        removed[line.split('pods=["')[1].split('"')[0]] = at
for alert in of("hung-volume", "PodTerminationStuck"):
    pod = f"{alert['labels']['namespace']}/{alert['labels']['pod']}"
    in_time(alert, deleted[pod] + (30 + SLACK) * SECOND, f"{pod}'s grace and slack")
    resolved_in_time(alert, removed[pod], "its removal")
    said = (alert["annotations"]["phase"], alert["annotations"]["reason"])
    lane.expect("it names phase and reason", said == ("unmount_volumes", "volume_busy"), str(said))
lane.expect("both pods of the busy volumes", len(of("hung-volume", "PodTerminationStuck")) == 2)
for alert in of("hung-volume", "VolumeUnmountFailing"):
    # The phase begins with the sandbox's end, some tenths before the first unmount: of a pod's cgroups that go, the last.
    last_ends = {m.group(1): at for at, line in volume.played
                 if (m := re.search(r'Destroyed container: "/kubepods/\S*/pod([0-9a-f-]{36})/', line))}
    begun = min(last_ends.values())
    in_time(alert, begun + 4 * 60 / SCALE * SECOND, "the four minutes of its window")  # `for` is what lacks to six
    resolved_in_time(alert, max(removed.values()), "the last removal")
# (VolumeUnmountFailing bears a gap of 70 s, which is 2 s here: less than a restart may take.)
lane.expect("no stuck pod's alert came twice, though its exporter was killed meanwhile", not any(a["times"] for a in of("hung-volume", "PodTerminationStuck")))
for alert in of("failing-cni", "SandboxTeardownFailing"):
    in_time(alert, min(at for at, line in cni.played if "StopPodSandbox from runtime service failed" in line), "the first failure")
    lane.expect("it names the reason", alert["annotations"]["reason"] == "cni_teardown", alert["annotations"]["reason"])
lane.finish()
