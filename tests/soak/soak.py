# SPDX-License-Identifier: Apache-2.0
"""What the soaks share: a kubelet that writes in real time, exporters beside each other, and what they must agree on."""
import datetime
import http.client
import json
import pathlib
import re
import sys
import threading
import time
import urllib.request

sys.path += [str(pathlib.Path(__file__).resolve().parents[1] / part) for part in ("e2e", "support")]
import lane  # noqa: E402
from kubelet_log import Kubelet  # noqa: E402


def figure(name, value):
    print(f"figure: {name} = {value}", flush=True)


def fetch(url, timeout=5, context=None):
    """None while nothing answers; quicker than lane.get in a loop."""
    try:
        with urllib.request.urlopen(url, timeout=timeout, context=context) as answer:
            return answer.read().decode()
    except (OSError, http.client.HTTPException):  # killed in the middle of an answer
        return None


_SAMPLE = re.compile(r"^(\w+(?:\{[^}]*\})?) (\S+)$", re.M)
_TYPE = re.compile(r"^# TYPE (\w+) (\w+)$", re.M)


def counters(text, but=("process_",)):
    """Every sample that must never go back: counters, and all of a histogram."""
    only = {name for name, kind in _TYPE.findall(text) if kind in ("counter", "histogram")}
    values = {}
    for series, value in _SAMPLE.findall(text):
        name = re.sub(r"_(bucket|sum|count)$", "", series.split("{")[0])
        if (name in only or series.split("{")[0] in only) and not series.startswith(but):
            values[series] = float(value)
    return values


class Exporter:
    def __init__(self, home, name, *arguments, binary=None, env=None):
        self.home, self.name, self.binary, self.env = home, name, binary or lane.exporter(), env
        self.port = lane.free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.arguments = [*arguments, f"--web.listen-address=127.0.0.1:{self.port}"]
        self.log = open(home / f"{name}.log", "ab")
        self.child = None

    def start(self, env=None):
        self.child = lane.start(self.binary, "serve", *self.arguments, stderr=self.log, env=env or self.env)
        return self

    def wait_ready(self, seconds=60):
        try:
            lane.wait_for(f"{self.name} ready", lambda: lane.get(self.base + "/-/ready")[0] == 200, seconds)
        except AssertionError:
            print(lane.get(self.base + "/-/ready"), (self.home / f"{self.name}.log").read_text()[-2000:], flush=True)
            raise
        return self

    def metrics(self):
        return fetch(self.base + "/metrics") or ""

    def counters(self):
        return counters(self.metrics())

    def sum_of(self, name):
        return sum(v for k, v in self.counters().items() if k.split("{")[0] == "kubelet_lifecycle_" + name)

    def in_flight(self):
        """The records in flight by UID, but for what grows with the time."""
        text = fetch(self.base + "/api/v1/terminations?state=in_flight&limit=20000") or "{}"
        records = {}
        for record in json.loads(text).get("terminations", []):
            for key in ("age_seconds", "overdue_seconds"):
                (record.get("current") or {}).pop(key, None)
            records[record["uid"]] = record
        return records

    def rss_anon_kib(self):
        status = pathlib.Path(f"/proc/{self.child.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", status).group(1))

    def descriptors(self):
        return len(list(pathlib.Path(f"/proc/{self.child.pid}/fd").iterdir()))


class Writer(threading.Thread):
    """Writes a kubelet's lines as they fall due, by `send(bytes)`; `sent` counts the lines."""

    def __init__(self, send, lines_per_second, seed=1):
        super().__init__(daemon=True)
        self.kubelet = Kubelet(seed, lines_per_second * 0.87, start=datetime.datetime.now(datetime.timezone.utc))
        self.send = send
        self.sent = 0
        self.ending = threading.Event()

    def run(self):
        begun, batch, until = time.monotonic(), [], 0.02
        for at, line in self.kubelet:
            if at > until:
                if batch:
                    self.send(("\n".join(batch) + "\n").encode())
                    self.sent += len(batch)
                    batch = []
                if self.ending.is_set():
                    return
                until = at + 0.02
                time.sleep(max(0, begun + at - time.monotonic()))
            batch.append(line)

    def finish(self):
        self.ending.set()
        self.join()


class CounterWatch(threading.Thread):
    """Scrapes every 50 ms; keeps what went back."""

    def __init__(self, exporter, every=0.05):
        super().__init__(daemon=True)
        self.exporter, self.every = exporter, every
        self.scrapes, self.back = 0, []
        self.ending = threading.Event()

    def run(self):
        last = {}
        while not self.ending.wait(self.every):
            text = fetch(self.exporter.base + "/metrics", 2)
            if text is None or "kubelet_lifecycle_lines_total" not in text:
                continue
            self.scrapes += 1
            now = counters(text)
            for series, value in last.items():
                if now.get(series, 0) < value:
                    self.back.append((series, value, now.get(series, 0)))
            last = {**last, **now}

    def finish(self):
        self.ending.set()
        self.join()


def differences(one, other):
    return {k: (one.get(k), other.get(k)) for k in sorted(one.keys() | other.keys()) if one.get(k, 0) != other.get(k, 0)}
