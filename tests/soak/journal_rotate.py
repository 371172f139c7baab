#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A real journald under rotation: entries at 7,000 a second, rotated every 0.1 to 1 s: none lost, none twice. Then a
reader that is stopped until journald has vacuumed past it: each gap is counted, and it goes on within a second. Then
journald is killed and restarted.

  journal_rotate.py [--short] [--seconds=N] [--rate=ENTRIES_PER_SECOND] [--vacuums=N]
"""
import argparse
import os
import random
import signal
import subprocess
import time

from soak import Exporter, Writer, figure, lane


def gaps(exporter):
    """How many were counted, by reason."""
    prefix = 'kubelet_lifecycle_journal_gaps_total{reason="'
    return {k.removeprefix(prefix).removesuffix('"}'): v for k, v in exporter.counters().items() if k.startswith(prefix) and v}


def rotation(journald, exporter, seconds, rate):
    writer = Writer(journald.stream().sendall, rate)
    writer.start()
    dice, rotations, end = random.Random(3), 0, time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(dice.uniform(0.1, 1))
        journald.rotate()
        rotations += 1
    writer.finish()
    lines = lambda: exporter.sum_of("lines_total")
    try:
        lane.wait_for("the end", lambda: lines() >= writer.sent, 60)
    except AssertionError:
        pass
    time.sleep(2)
    lane.expect("rotation: none lost, none twice", lines() == writer.sent, (lines(), writer.sent))
    measured, oracle = exporter.sum_of("pod_termination_duration_seconds_count"), writer.kubelet.oracle
    lane.expect("rotation: each termination once", measured == oracle["terminated"], (measured, oracle["terminated"]))
    lane.expect("rotation: no gap told", not gaps(exporter), gaps(exporter))
    figure("rotation.entries", writer.sent)
    figure("rotation.rotations", rotations)
    figure("rotation.descriptors", exporter.descriptors())
    figure("rotation.rss_anon_kib", exporter.rss_anon_kib())


def vacuum(journald, exporter, times, rate):
    slowest = 0
    for _ in range(times):
        before = gaps(exporter)
        writer = Writer(journald.stream().sendall, rate)
        writer.start()
        time.sleep(0.5)
        os.kill(exporter.child.pid, signal.SIGSTOP)
        for _ in range(3):
            time.sleep(0.4)
            journald.rotate()
        subprocess.run(["journalctl", f"--namespace={journald.namespace}", "--vacuum-files=1"], check=True, capture_output=True)
        time.sleep(0.4)
        os.kill(exporter.child.pid, signal.SIGCONT)
        resumed = time.monotonic()
        lines = exporter.sum_of("lines_total")
        lane.wait_for("going on", lambda: exporter.sum_of("lines_total") > lines, 10)
        lane.wait_for("the gap counted", lambda: sum(gaps(exporter).values()) > sum(before.values()), 10)
        slowest = max(slowest, time.monotonic() - resumed)
        writer.finish()
    counted = gaps(exporter)
    lane.expect(f"vacuum: each of {times} gaps counted", counted.get("vacuumed", 0) >= times, counted)
    lane.expect("vacuum: on within 2 s, a commit included", slowest < 2.5, slowest)
    figure("vacuum.times", times)
    figure("vacuum.gaps_counted", counted.get("vacuumed", 0))
    figure("vacuum.slowest_seconds", round(slowest, 2))


def killed(journald, exporter, times):
    """journald keeps what it wrote; the kubelet's stream breaks and is opened anew, as systemd does."""
    begun, before, sent = exporter.sum_of("lines_total"), None, 0
    while begun != before:  # what was sent before is counted
        time.sleep(3)
        begun, before = exporter.sum_of("lines_total"), begun
    for number in range(times):
        stream = journald.stream()
        stream.sendall(b"".join(b'I1124 10:00:00.000000    4321 a.go:1] "line" n=%d\n' % n for n in range(200)))
        sent += 200
        stored = lambda: subprocess.run(["journalctl", f"--namespace={journald.namespace}", "-o", "cat", "-n", "1", "_SYSTEMD_UNIT=kubelet.service"],
                                        capture_output=True, text=True).stdout.strip().endswith("n=199")
        lane.wait_for("stored", stored, 10)
        lane.stop(journald.daemon, signal.SIGKILL)
        stream.close()
        journald.start()
    lines = lambda: exporter.sum_of("lines_total") - begun
    try:
        lane.wait_for("all", lambda: lines() == sent, 20)
    except AssertionError:
        pass
    lane.expect("journald killed: none of the stored lost, none twice", lines() == sent, (lines(), sent))
    figure("journald_killed.times", times)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--rate", type=int, default=7000)
    parser.add_argument("--vacuums", type=int)
    arguments = parser.parse_args()
    home = lane.temp_dir()
    journald = lane.Journald("kle-rotate", "SystemMaxFileSize=8M\nSystemMaxUse=4G\n")
    exporter = Exporter(home, "exporter", f"--journal.directory={journald.directory}", "--start=all", "--journal.unit=kubelet",
                        f"--state.path={home}/state").start()
    rotation(journald, exporter, arguments.seconds or (10 if arguments.short else 600), arguments.rate)
    vacuum(journald, exporter, arguments.vacuums or (3 if arguments.short else 50), 3000)
    killed(journald, exporter, 3 if arguments.short else 100)
    lane.expect("ends with 0", lane.stop(exporter.child) == 0)
    lane.finish()


if __name__ == "__main__":
    main()
