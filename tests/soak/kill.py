#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9, over and over, while a kubelet writes: the killed exporter must end with the counters, histograms and
records in flight of one that was left alone on the same log, and no scrape may ever see a counter go back.

  kill.py [--short] [--source=journal|file] [--kills=N] [--rate=LINES_PER_SECOND]
"""
import argparse
import os
import random
import signal
import subprocess
import threading
import time

from soak import CounterWatch, Exporter, Writer, differences, figure, lane

STEPS = ["begun", "opened", "half_written", "written", "synced", "renamed", "durable", "published"]
NOT_COMPARED = "kubelet_lifecycle_state_"


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--source", choices=list(SOURCES))
    parser.add_argument("--kills", type=int)
    parser.add_argument("--rate", type=int, default=2000)
    arguments = parser.parse_args()
    arguments.kills = arguments.kills or (30 if arguments.short else 1000)
    return arguments


def crash_binary():
    path = os.environ.get("KLE_CRASH_BINARY") or str(lane.ROOT / "build/dev/tests/crash_serve")
    return path if os.access(path, os.X_OK) else None


class Journal:
    """What the kubelet writes to, and how an exporter is told of it."""

    def __init__(self, _home):
        self.journald = lane.Journald("kle-kill", "SystemMaxFileSize=2M\n")
        self.send = self.journald.stream().sendall
        self.rotate = self.journald.rotate
        self.arguments = [f"--journal.directory={self.journald.directory}", "--start=all"]


class File:
    def __init__(self, home):
        self.path, self.lock = home / "kubelet.log", threading.Lock()
        self.out = open(self.path, "ab", buffering=0)
        self.arguments = ["--source=file", f"--file.path={self.path}", "--timezone=UTC"]

    def send(self, data):
        with self.lock:
            self.out.write(data)

    def rotate(self):
        with self.lock:
            self.path.rename(f"{self.path}-{time.time_ns()}")
            self.out.close()
            self.out = open(self.path, "ab", buffering=0)


SOURCES = {"journal": Journal, "file": File}


def die_at_a_step(victim, dice):
    """In the middle of a commit; the step, or None where it did not come to that."""
    step = dice.choice(STEPS)
    victim.binary = crash_binary()
    victim.start({**os.environ, "KLE_CRASH_STEP": step, "KLE_CRASH_AFTER": str(dice.randint(1, 2))})
    try:
        victim.child.wait(20)
    except subprocess.TimeoutExpired:
        lane.stop(victim.child, signal.SIGKILL)
        return None
    return step if victim.child.returncode == -signal.SIGKILL else None


def die_at_any_time(victim, dice):
    """Often before its first commit, now and then after several."""
    victim.binary = lane.exporter()
    victim.start()
    time.sleep(dice.uniform(0.01, 0.6) if dice.random() < 0.8 else dice.uniform(0.6, 3))
    lane.stop(victim.child, signal.SIGKILL)


def kill_over_and_over(source, victim, kills):
    dice, at_steps, crash = random.Random(7), dict.fromkeys(STEPS, 0), crash_binary()
    for _ in range(kills):
        if crash and dice.random() < 0.3:
            step = die_at_a_step(victim, dice)
            if step:
                at_steps[step] += 1
        else:
            die_at_any_time(victim, dice)
    figure(f"{source}.kills", kills)
    figure(f"{source}.kills_at_named_steps", sum(at_steps.values()))
    if crash:
        lane.expect(f"{source}: each named step was died at", kills < 200 or all(at_steps.values()), at_steps)


def compare(source, control, victim, writer):
    """Once all has been read: the same counters and records, and those of what was written."""
    lines = lambda exporter: exporter.sum_of("lines_total")
    try:
        lane.wait_for("both at the end", lambda: lines(control) == lines(victim) == writer.sent, 60)
    except AssertionError:
        pass  # told below, by how many
    time.sleep(3)  # what waits for silence
    one, other = ({k: v for k, v in exporter.counters().items() if not k.startswith(NOT_COMPARED)} for exporter in (control, victim))
    lane.expect(f"{source}: every line was counted once", lines(control) == writer.sent, (lines(control), writer.sent))
    wrong = differences(one, other)
    lane.expect(f"{source}: counters and histograms are those of the uninterrupted run ({len(one)} series)", not wrong,
                dict(list(wrong.items())[:10]))
    wrong = differences(control.in_flight(), victim.in_flight())
    lane.expect(f"{source}: so are the records in flight", not wrong, list(wrong.items())[:2])
    oracle = writer.kubelet.oracle
    name = "kubelet_lifecycle_pod_termination_duration_seconds_count{"
    measured = sum(v for k, v in one.items() if k.startswith(name) and 'trigger="api_delete"' in k and 'precision="exact"' in k)
    lane.expect(f"{source}: terminations measured are those that were written", measured == oracle["terminated"],
                (measured, oracle["terminated"]))
    figure(f"{source}.terminations", measured)


def run(source, kills, rate):
    home = lane.temp_dir()
    log = SOURCES[source](home)
    writer = Writer(log.send, rate)
    writer.start()
    lane.wait_for("lines", lambda: writer.sent > 0)
    control = Exporter(home, "control", *log.arguments, "--state.path=none").start().wait_ready()
    victim = Exporter(home, "victim", *log.arguments, f"--state.path={home}/state")
    watch = CounterWatch(victim)
    watch.start()
    ending = threading.Event()

    def rotate_now_and_then():
        while not ending.wait(5):
            log.rotate()

    threading.Thread(target=rotate_now_and_then, daemon=True).start()
    begun = time.monotonic()
    kill_over_and_over(source, victim, kills)
    victim.binary = lane.exporter()
    victim.start().wait_ready()
    ending.set()
    writer.finish()
    figure(f"{source}.seconds", round(time.monotonic() - begun))
    figure(f"{source}.lines", writer.sent)
    compare(source, control, victim, writer)
    watch.finish()
    figure(f"{source}.scrapes", watch.scrapes)
    lane.expect(f"{source}: no scrape saw a counter go back", not watch.back and watch.scrapes > 0, watch.back[:5])
    figure(f"{source}.counters_gone_back", len(watch.back))
    for exporter in (control, victim):
        lane.expect(f"{source}: {exporter.name} ends with 0", lane.stop(exporter.child) == 0)
    print((home / "victim.log").read_text()[-600:] if lane.expect.failed else "")


def main():
    arguments = parse()
    for source in ([arguments.source] if arguments.source else SOURCES):
        run(source, arguments.kills, arguments.rate)
    lane.finish()


if __name__ == "__main__":
    main()
