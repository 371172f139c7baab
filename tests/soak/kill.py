#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""kill -9, over and over, while a kubelet writes: the killed exporter must end with the counters, histograms and
records in flight of one that was left alone on the same log, and no scrape may ever see a counter go back.

  kill.py [--short] [--source=journal|file] [--kills=N] [--rate=LINES_PER_SECOND]
"""
import argparse
import os
import pathlib
import random
import signal
import subprocess
import sys
import threading
import time

from soak import CounterWatch, Exporter, Writer, differences, figure, lane

STEPS = ["begun", "opened", "half_written", "written", "synced", "renamed", "durable", "published"]
NOT_COMPARED = "kubelet_lifecycle_state_"


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--source", choices=("journal", "file"))
    parser.add_argument("--kills", type=int)
    parser.add_argument("--rate", type=int, default=2000)
    arguments = parser.parse_args()
    arguments.kills = arguments.kills or (30 if arguments.short else 1000)
    return arguments


def crash_binary():
    path = os.environ.get("KLE_CRASH_BINARY") or str(lane.ROOT / "build/dev/tests/crash_serve")
    return path if os.access(path, os.X_OK) else None


def run(source, kills, rate):
    home = lane.temp_dir()
    rotating = threading.Event()
    if source == "journal":
        journald = lane.Journald("kle-kill", "SystemMaxFileSize=2M\n")
        stream = journald.stream()
        send = stream.sendall
        arguments = [f"--journal.directory={journald.directory}", "--start=all"]
        rotate = journald.rotate
    else:
        path = home / "kubelet.log"
        path.touch()
        out = [open(path, "ab", buffering=0)]
        lock = threading.Lock()

        def send(data):
            with lock:
                out[0].write(data)

        def rotate():
            with lock:
                path.rename(home / f"kubelet.log-{time.time_ns()}")
                out[0].close()
                out[0] = open(path, "ab", buffering=0)

        arguments = ["--source=file", f"--file.path={path}", "--timezone=UTC"]
    writer = Writer(send, rate)
    writer.start()
    lane.wait_for("lines", lambda: writer.sent > 0)
    control = Exporter(home, "control", *arguments, "--state.path=none").start().wait_ready()
    victim = Exporter(home, "victim", *arguments, f"--state.path={home}/state")
    watch = CounterWatch(victim)
    watch.start()

    def rotator():
        while not rotating.wait(5):
            rotate()

    threading.Thread(target=rotator, daemon=True).start()
    dice, killed, by_step, crash = random.Random(7), 0, dict.fromkeys(STEPS, 0), crash_binary()
    begun = time.monotonic()
    while killed < kills:
        if crash and dice.random() < 0.3:
            step = dice.choice(STEPS)
            victim.binary = crash
            env = {**os.environ, "KLE_CRASH_STEP": step, "KLE_CRASH_AFTER": str(dice.randint(1, 2))}
            victim.start(env)
            try:
                victim.child.wait(20)
            except subprocess.TimeoutExpired:
                lane.stop(victim.child, signal.SIGKILL)
            by_step[step] += victim.child.returncode == -signal.SIGKILL
        else:
            victim.binary = lane.exporter()
            victim.start()
            # Often before its first commit, now and then after several.
            time.sleep(dice.uniform(0.01, 0.6) if dice.random() < 0.8 else dice.uniform(0.6, 3))
            lane.stop(victim.child, signal.SIGKILL)
        killed += 1
    figure(f"{source}.kills", killed)
    figure(f"{source}.kills_at_named_steps", sum(by_step.values()))
    if crash:
        lane.expect(f"{source}: each named step was died at", kills < 200 or all(by_step.values()), by_step)
    victim.binary = lane.exporter()
    victim.start().wait_ready()
    rotating.set()
    writer.finish()
    figure(f"{source}.seconds", round(time.monotonic() - begun))
    figure(f"{source}.lines", writer.sent)

    def lines(exporter):
        return exporter.sum_of("lines_total")

    try:
        lane.wait_for("both at the end", lambda: lines(control) == lines(victim) == writer.sent, 60)
    except AssertionError:
        pass
    time.sleep(3)  # what waits for silence
    one = {k: v for k, v in control.counters().items() if not k.startswith(NOT_COMPARED)}
    other = {k: v for k, v in victim.counters().items() if not k.startswith(NOT_COMPARED)}
    lane.expect(f"{source}: every line was counted once", lines(control) == writer.sent, (lines(control), writer.sent))
    wrong = differences(one, other)
    lane.expect(f"{source}: counters and histograms are those of the uninterrupted run ({len(one)} series)", not wrong,
                dict(list(wrong.items())[:10]))
    wrong = differences(control.in_flight(), victim.in_flight())
    lane.expect(f"{source}: so are the records in flight", not wrong, list(wrong.items())[:2])
    oracle = writer.kubelet.oracle
    measured = one.get('kubelet_lifecycle_pod_termination_duration_seconds_count{trigger="api_delete",precision="exact"}') or \
        one.get('kubelet_lifecycle_pod_termination_duration_seconds_count{precision="exact",trigger="api_delete"}')
    lane.expect(f"{source}: terminations measured are those that were written", measured == oracle["terminated"],
                (measured, oracle["terminated"]))
    figure(f"{source}.terminations", measured)
    watch.finish()
    figure(f"{source}.scrapes", watch.scrapes)
    lane.expect(f"{source}: no scrape saw a counter go back", not watch.back and watch.scrapes > 0, watch.back[:5])
    figure(f"{source}.counters_gone_back", len(watch.back))
    for exporter in (control, victim):
        lane.expect(f"{source}: {exporter.name} ends with 0", lane.stop(exporter.child) == 0)
    print((home / "victim.log").read_text()[-600:] if lane.expect.failed else "")


def main():
    arguments = parse()
    for source in ([arguments.source] if arguments.source else ["journal", "file"]):
        run(source, arguments.kills, arguments.rate)
    lane.finish()


if __name__ == "__main__":
    sys.path.insert(0, str(pathlib.Path(__file__).parent))
    main()
