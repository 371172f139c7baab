#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A log file under rotation while it is written at 20,000 lines/s: renamed and created each second, then copied and
truncated each second, then rotated three times (some of it packed) while the exporter is down. What is counted must be
exactly what lies on the disk.

  files.py [--short] [--seconds=N] [--rate=LINES_PER_SECOND]
"""
import argparse
import gzip
import os
import shutil
import signal
import subprocess
import threading
import time

from soak import Exporter, Writer, figure, lane


class Log:
    """What logrotate does to a log, and the writer beside it, who appends as rsyslog does."""

    def __init__(self, home, name):
        self.path = home / f"{name}.log"
        self.lock = threading.Lock()
        self.out = open(self.path, "ab", buffering=0)
        self.rotations = 0

    def send(self, data):
        with self.lock:
            self.out.write(data)

    def rotated(self):
        self.rotations += 1
        return self.path.with_name(f"{self.path.name}-20261124.{int(time.time() * 1000)}")

    def rename(self):
        # The writer goes on in the old file until it is told, as with HUP.
        self.path.rename(self.rotated())
        time.sleep(0.02)
        with self.lock:
            self.out.close()
            self.out = open(self.path, "ab", buffering=0)

    def copytruncate(self):
        # With the writer held: what logrotate's own race loses is on no disk.
        with self.lock:
            shutil.copyfile(self.path, self.rotated())
            os.truncate(self.path, 0)

    def files(self):
        return sorted(self.path.parent.glob(self.path.name + "*"))

    def lines_on_disk(self):
        total = 0
        for file in self.files():
            opened = gzip.open(file) if file.suffix == ".gz" else open(file, "rb")
            with opened as lines:
                while block := lines.read(1 << 20):
                    total += block.count(b"\n")
        return total


def check(name, exporter, log, writer):
    writer.finish()
    on_disk = log.lines_on_disk()
    lines = lambda: exporter.sum_of("lines_total")
    try:
        lane.wait_for(name, lambda: lines() == on_disk, 30)
    except AssertionError:
        pass
    time.sleep(2)
    oracle = writer.kubelet.oracle
    measured = exporter.sum_of("pod_termination_duration_seconds_count")
    gaps = exporter.sum_of("journal_gaps_total")
    lane.expect(f"{name}: every line on the disk once", lines() == on_disk, (lines(), on_disk))
    lane.expect(f"{name}: each termination once", measured == oracle["terminated"], (measured, oracle["terminated"]))
    lane.expect(f"{name}: no gap", gaps == 0, gaps)
    figure(f"{name}.lines", on_disk)
    figure(f"{name}.rotations", log.rotations)
    figure(f"{name}.terminations", measured)
    figure(f"{name}.descriptors", exporter.descriptors())
    figure(f"{name}.rss_anon_kib", exporter.rss_anon_kib())


def live(home, name, rotate, seconds, rate):
    log = Log(home, name)
    writer = Writer(log.send, rate)
    exporter = Exporter(home, name, "--source=file", f"--file.path={log.path}", "--timezone=UTC", "--start=all",
                        f"--state.path={home}/{name}.state").start().wait_ready()
    writer.start()
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(1)
        rotate(log)
        for old in log.files()[:-16]:  # the oldest are packed, as they are by and by
            if old != log.path and old.suffix != ".gz":
                subprocess.run(["gzip", "-1", old], check=True)
    check(name, exporter, log, writer)
    lane.stop(exporter.child)
    for file in log.files():
        file.unlink()


def while_down(home, rate):
    log = Log(home, "down")
    writer = Writer(log.send, rate)
    exporter = Exporter(home, "down", "--source=file", f"--file.path={log.path}", "--timezone=UTC", "--start=all",
                        f"--state.path={home}/down.state").start().wait_ready()
    writer.start()
    for rotate in (Log.rename, Log.copytruncate, Log.rename):
        time.sleep(2)
        lane.stop(exporter.child, signal.SIGKILL)
        for _ in range(3):
            time.sleep(0.3)
            rotate(log)
        for old in log.files()[:-2]:
            if old != log.path and old.suffix != ".gz":
                subprocess.run(["gzip", "-1", old], check=True)
        exporter.start().wait_ready()
    check("down", exporter, log, writer)
    lane.stop(exporter.child)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--rate", type=int, default=20_000)
    arguments = parser.parse_args()
    seconds = arguments.seconds or (8 if arguments.short else 600)
    home = lane.temp_dir()
    live(home, "rename", Log.rename, seconds, arguments.rate)
    live(home, "copytruncate", Log.copytruncate, seconds, arguments.rate)
    while_down(home, arguments.rate // 4)
    lane.finish()


if __name__ == "__main__":
    main()
