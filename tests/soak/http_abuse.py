#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clients that stall: 50 of each kind at once (silent, half a request, a byte every half second, never reading the
answer), then 200 silent ones with a thousand connections a second beside them. A scrape waits 5 s at most with the 50,
the probes on their own address never; threads, descriptors and memory stay bounded.

  http_abuse.py [--short] [--over plain|ipv6|tls]

Over TLS some stall in the handshake (silent, half, trickle); those that do not read have finished it.
"""
import argparse
import pathlib
import socket
import ssl
import statistics
import threading
import time

from soak import Exporter, figure, fetch, lane
from certificates import Authority  # noqa: E402

SCRAPE_LIMIT = 5.0
PROBE_LIMIT = 1.0


# A TLS record that announces 512 bytes of a handshake, and its beginning.
HELLO = bytes([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]) + bytes(500)


class Stalled:
    """Clients of one kind, replaced as they are cut off."""

    def __init__(self, address, kind, count, tls):
        self.address, self.kind, self.count, self.tls = address, kind, count, tls
        self.sockets, self.trickled = [], {}
        self.ending = threading.Event()
        self.opened = 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def connect(self):
        s = socket.socket(socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET)
        if self.kind == "reader":
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        s.settimeout(2)
        s.connect(self.address)
        if self.kind == "reader" and self.tls:
            s = self.tls.wrap_socket(s)
        s.setblocking(False)
        first = {"silent": b"", "half": HELLO[:5] if self.tls else b"GET /metr",
                 "trickle": HELLO[:1] if self.tls else b"G", "reader": b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"}[self.kind]
        s.send(first)
        self.opened += 1
        return s

    def alive(self, s):
        try:
            if self.kind == "trickle":
                at = self.trickled[s] = self.trickled.get(s, 0) + 1
                s.send(HELLO[at:at + 1] if self.tls else b"x")
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


def timed(url, context, timeout=30):
    begun = time.monotonic()
    answered = fetch(url, timeout, context) is not None
    return time.monotonic() - begun, answered


def measure(base, probes, context, seconds):
    scrapes, probed, lost = [], [], 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        took, answered = timed(base + "/metrics", context)
        scrapes.append(took)
        lost += not answered
        took, answered = timed(probes + "/-/healthy", context)
        probed.append(took)
        lost += not answered
        time.sleep(0.2)
    return scrapes, probed, lost


def threads(exporter):
    return len(list(pathlib.Path(f"/proc/{exporter.child.pid}/task").iterdir()))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--over", choices=("plain", "ipv6", "tls"), default="plain")
    arguments = parser.parse_args()
    seconds = 4 if arguments.short else 60
    over, more, context = arguments.over, [], None
    home = lane.temp_dir()
    (home / "kubelet.log").write_text("")
    probe_port = lane.free_port()
    host = "[::1]" if over == "ipv6" else "127.0.0.1"
    if over == "tls":
        certificate, key = Authority(home).issue("abused")
        (home / "web.yml").write_text(f"tls_server_config:\n  cert_file: {certificate}\n  key_file: {key}\n")
        more = [f"--web.config.file={home}/web.yml"]
        context = ssl._create_unverified_context()
    exporter = Exporter(home, "exporter", "--source=file", f"--file.path={home}/kubelet.log", "--state.path=none",
                        f"--web.probe-address={host}:{probe_port}", *more)
    exporter.arguments[-1] = f"--web.listen-address={host}:{exporter.port}"
    scheme = "https" if over == "tls" else "http"
    base, probes = f"{scheme}://{host}:{exporter.port}", f"{scheme}://{host}:{probe_port}"
    address = (host.strip("[]"), exporter.port)
    exporter.start()
    lane.wait_for("ready", lambda: fetch(base + "/-/ready", context=context), 60)
    lane.expect("no metrics on the probes' address", fetch(probes + "/metrics", context=context) is None)
    quiet = exporter.rss_anon_kib()
    figure(f"http.{over}.rss_anon_kib_quiet", quiet)
    figure(f"http.{over}.threads", threads(exporter))
    for kind in ("silent", "half", "trickle", "reader"):
        stalled = Stalled(address, kind, 50, context)
        time.sleep(1)
        scrapes, probed, lost = measure(base, probes, context, seconds)
        stalled.finish()
        figure(f"http.{over}.{kind}.scrape_p50_max_seconds", (round(statistics.median(scrapes), 3), round(max(scrapes), 3)))
        figure(f"http.{over}.{kind}.probe_max_seconds", round(max(probed), 3))
        lane.expect(f"{kind}: a scrape within {SCRAPE_LIMIT} s", max(scrapes) <= SCRAPE_LIMIT, max(scrapes))
        lane.expect(f"{kind}: a probe within {PROBE_LIMIT} s", max(probed) <= PROBE_LIMIT, max(probed))
        lane.expect(f"{kind}: none lost", lost == 0, lost)
    stalled = Stalled(address, "silent", 200, context)
    ending = threading.Event()

    def hammer():
        while not ending.wait(0.001):
            try:
                with socket.create_connection(address, 1):
                    pass
            except OSError:
                pass

    threading.Thread(target=hammer, daemon=True).start()
    time.sleep(1)
    scrapes, probed, _ = measure(base, probes, context, seconds)
    figure(f"http.{over}.200_silent.scrape_max_seconds", round(max(scrapes), 3))
    figure(f"http.{over}.200_silent.descriptors", exporter.descriptors())
    figure(f"http.{over}.200_silent.threads", threads(exporter))
    figure(f"http.{over}.200_silent.rss_anon_kib", exporter.rss_anon_kib())
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
