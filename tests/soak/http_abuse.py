#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that stall: 50 of each kind at once (silent, half a request, a byte every half second, never reading the
answer), then 200 silent ones with a thousand connections a second beside them. A scrape waits 5 s at most with the 50,
the probes on their own address never; threads, descriptors and memory stay bounded.

  http_abuse.py [--short]
"""
import argparse
import pathlib
import socket
import statistics
import threading
import time

from soak import Exporter, figure, fetch, lane

SCRAPE_LIMIT = 5.0
PROBE_LIMIT = 1.0


class Stalled:
    """Clients of one kind, replaced as they are cut off."""

    def __init__(self, port, kind, count):
        self.port, self.kind, self.count = port, kind, count
        self.sockets = []
        self.ending = threading.Event()
        self.opened = 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def connect(self):
        s = socket.socket()
        if self.kind == "reader":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        s.settimeout(2)
        s.connect(("127.0.0.1", self.port))
        s.setblocking(False)
        first = {"silent": b"", "half": b"GET /metr", "trickle": b"G", "reader": b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"}[self.kind]
        s.send(first)
        self.opened += 1
        return s

    def alive(self, s):
        try:
            if self.kind == "trickle":
                s.send(b"x")
            if self.kind == "reader":
                return True
            return s.recv(1) != b""
        except BlockingIOError:
            return True
        except OSError:
            return False

    def run(self):
        while not self.ending.is_set():
            kept = []
            for s in self.sockets:
                kept.append(s) if self.alive(s) else s.close()
            self.sockets = kept
            while len(self.sockets) < self.count and not self.ending.is_set():
                try:
                    self.sockets.append(self.connect())
                except OSError:
                    break
            self.ending.wait(0.5)

    def finish(self):
        self.ending.set()
        self.thread.join()
        for s in self.sockets:
            s.close()


def timed(url, timeout=30):
    begun = time.monotonic()
    answered = fetch(url, timeout) is not None
    return time.monotonic() - begun, answered


def measure(exporter, probes, seconds):
    scrapes, probed, lost = [], [], 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        took, answered = timed(exporter.base + "/metrics")
        scrapes.append(took)
        lost += not answered
        took, answered = timed(probes + "/-/healthy")
        probed.append(took)
        lost += not answered
        time.sleep(0.2)
    return scrapes, probed, lost


def threads(exporter):
    return len(list(pathlib.Path(f"/proc/{exporter.child.pid}/task").iterdir()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    seconds = 4 if parser.parse_args().short else 60
    home = lane.temp_dir()
    (home / "kubelet.log").write_text("")
    probe_port = lane.free_port()
    exporter = Exporter(home, "exporter", "--source=file", f"--file.path={home}/kubelet.log", "--state.path=none",
                        f"--web.probe-address=127.0.0.1:{probe_port}").start().wait_ready()
    probes = f"http://127.0.0.1:{probe_port}"
    lane.expect("no metrics on the probes' address", lane.get(probes + "/metrics")[0] == 404)
    quiet = exporter.rss_anon_kib()
    figure("http.rss_anon_kib_quiet", quiet)
    figure("http.threads", threads(exporter))
    for kind in ("silent", "half", "trickle", "reader"):
        stalled = Stalled(exporter.port, kind, 50)
        time.sleep(1)
        scrapes, probed, lost = measure(exporter, probes, seconds)
        stalled.finish()
        figure(f"http.{kind}.scrape_p50_max_seconds", (round(statistics.median(scrapes), 3), round(max(scrapes), 3)))
        figure(f"http.{kind}.probe_max_seconds", round(max(probed), 3))
        lane.expect(f"{kind}: a scrape within {SCRAPE_LIMIT} s", max(scrapes) <= SCRAPE_LIMIT, max(scrapes))
        lane.expect(f"{kind}: a probe within {PROBE_LIMIT} s", max(probed) <= PROBE_LIMIT, max(probed))
        lane.expect(f"{kind}: none lost", lost == 0, lost)
    stalled = Stalled(exporter.port, "silent", 200)
    ending = threading.Event()

    def hammer():
        while not ending.wait(0.001):
            try:
                with socket.create_connection(("127.0.0.1", exporter.port), 1):
                    pass
            except OSError:
                pass

    threading.Thread(target=hammer, daemon=True).start()
    time.sleep(1)
    scrapes, probed, _ = measure(exporter, probes, seconds)
    figure("http.200_silent.scrape_max_seconds", round(max(scrapes), 3))
    figure("http.200_silent.descriptors", exporter.descriptors())
    figure("http.200_silent.threads", threads(exporter))
    figure("http.200_silent.rss_anon_kib", exporter.rss_anon_kib())
    lane.expect("200 silent: a scrape is answered", max(scrapes) <= 20, max(scrapes))
    lane.expect("200 silent: a probe in time", max(probed) <= PROBE_LIMIT, max(probed))
    lane.expect("200 silent: descriptors bounded", exporter.descriptors() < 400, exporter.descriptors())
    ending.set()
    stalled.finish()
    lane.expect("memory bounded", exporter.rss_anon_kib() < quiet + 16 * 1024, (quiet, exporter.rss_anon_kib()))
    lane.expect("ends with 0", lane.stop(exporter.child) == 0)
    lane.finish()


if __name__ == "__main__":
    main()
