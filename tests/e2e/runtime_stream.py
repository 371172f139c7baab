#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A kubelet at -v 0 and its containerd, both recorded, written side by side while exporters follow: into one real journald,
and into two growing logs. One exporter is killed by kill -9 over and over; it has to end as the one that was left alone."""
import datetime
import pathlib
import random
import re
import signal
import subprocess
import sys
import time

sys.path += [str(pathlib.Path(__file__).resolve().parents[1] / part) for part in ("e2e", "soak")]
import lane  # noqa: E402
from soak import CounterWatch, Exporter, differences  # noqa: E402

RECORDING = "1.32.13-containerd17-text-v0/mix-abcdi"
KILLS = 12
PART = 50  # lines
TRIGGERS = "kubelet_lifecycle_pod_terminations_total"
ONCE = ("kubelet_lifecycle_lines_total", "kubelet_lifecycle_events_total")
_TIME = re.compile(r'^time="(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6})')
_SECONDS = re.compile(r"(seconds:)(\d{10})")


def both_logs():
    """(writer, line) in the order of time, as if they began now: the exporter's clock never runs ahead of them."""
    kubelet, runtime = lane.recorded(RECORDING), lane.recorded(RECORDING, "runtime.log.zst")
    begin = min(filter(None, map(lane.klog_time, kubelet)))
    delta = datetime.datetime.utcnow() - begin
    delta -= datetime.timedelta(microseconds=delta.microseconds)
    seconds = lambda m: m.group(1) + str(int(m.group(2)) + int(delta.total_seconds()))
    kubelet = lane.moved(kubelet, delta)
    runtime = [_SECONDS.sub(seconds, line) for line in lane.moved(runtime, delta)]
    stamped, at = [], datetime.datetime.min
    for line in kubelet:
        at = lane.klog_time(line, begin.year) or at
        stamped.append((at, "kubelet", line))
    for line in runtime:
        found = _TIME.match(line)
        at = datetime.datetime.fromisoformat(found.group(1)) if found else at
        stamped.append((at, "containerd", line))
    return [(writer, line) for _, writer, line in sorted(stamped, key=lambda entry: entry[0])]


def of(counters, *names):
    return {series: value for series, value in counters.items() if series.split("{")[0] in names}


def run(what, send, rotate, arguments):
    """Minutes of lines come within seconds, so in which order the two logs' lines are met differs a little from one to the
    other, and with it which evidence was there first: each line and event has to be counted once, and each exporter has to tell the terminations."""
    home = lane.temp_dir()
    lines = both_logs()
    control = Exporter(home, "control", *arguments, "--state.path=none").start()
    alone = Exporter(home, "alone", *arguments, "--state.path=none", "--runtime.source=none").start()
    victim = Exporter(home, "victim", *arguments, f"--state.path={home}/state").start()
    watch = CounterWatch(victim)
    watch.start()
    dice, killed = random.Random(9), 0
    parts = [lines[i:i + PART] for i in range(0, len(lines), PART)]
    for number, part in enumerate(parts):
        for writer, line in part:
            send(writer, line)
        time.sleep(0.05)
        if number == 0:  # what is rotated away before a first commit is nobody's
            lane.wait_for("a first commit", lambda: (home / "state").exists(), 60)
        if number % max(1, len(parts) // KILLS) == 0:
            time.sleep(dice.uniform(0.05, 1.5))  # before its first commit, or after some
            lane.stop(victim.child, signal.SIGKILL)
            killed += 1
            victim.start()
        if number and number % max(1, len(parts) // 4) == 0:
            rotate()
    sent = len(lines)
    everyone = (control, alone, victim)
    try:
        lane.wait_for("all lines", lambda: all(e.wait_ready().sum_of("lines_total") >= (1 if e is alone else sent) for e in everyone), 60)
    except AssertionError:
        pass
    time.sleep(3)  # the last commit
    one, other, without = control.counters(), victim.counters(), alone.counters()
    lane.expect(f"{what}: killed {killed} times", killed >= KILLS)
    lane.expect(f"{what}: every line of both is counted once", control.sum_of("lines_total") == victim.sum_of("lines_total") == sent,
                (control.sum_of("lines_total"), victim.sum_of("lines_total"), sent))
    wrong = differences(of(one, *ONCE), of(other, *ONCE))
    lane.expect(f"{what}: {len(of(one, *ONCE))} counters are those of the uninterrupted run", not wrong, dict(list(wrong.items())[:10]))
    lane.expect(f"{what}: the same are in flight", control.in_flight().keys() == victim.in_flight().keys())
    for name, counted in (("control", one), ("victim", other)):
        told = sum(v for k, v in counted.items() if k.startswith(TRIGGERS + "{") and 'trigger="runtime_stop"' in k)
        exact = sum(v for k, v in counted.items() if k.startswith("kubelet_lifecycle_container_stop_duration_seconds_count") and 'precision="exact"' in k)
        lane.expect(f"{what}: {name} tells {told:.0f} terminations and {exact:.0f} exact exits of a kubelet that prints neither",
                    told >= 20 and exact >= 18)
    lane.expect(f"{what}: without the runtime none is told", not any("runtime_stop" in k and v for k, v in without.items()))
    available = 'kubelet_lifecycle_signal_available{signal="termination"} '
    lane.expect(f"{what}: which is said", available + "1" in control.metrics() and available + "0" in alone.metrics())
    watch.finish()
    lane.expect(f"{what}: no scrape saw a counter go back", not watch.back and watch.scrapes > 0, watch.back[:5])
    for exporter in everyone:
        lane.expect(f"{what}: {exporter.name} ends with 0", lane.stop(exporter.child) == 0)
    if lane.expect.failed:
        print((home / "victim.log").read_text()[-600:])


# journald knows a sender by its process.
SENDER = """
import socket, sys
path, name = sys.argv[1:]
with socket.socket(socket.AF_UNIX) as stream:
    stream.connect(path)
    stream.recv(1)  # its end: journald has accepted
    stream.sendall(f"{name}\\n{name}.service\\n6\\n0\\n0\\n0\\n0\\n".encode())
    for line in sys.stdin.buffer:
        stream.sendall(line)
        sys.stdout.write("\\n")
        sys.stdout.flush()
"""


def in_journal():
    journald = lane.Journald("kle-runtime", "SystemMaxFileSize=2M\n")
    senders = {name: lane.start(sys.executable, "-c", SENDER, journald.run / "stdout", name, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
               for name in ("kubelet", "containerd")}

    def send(writer, line):
        senders[writer].stdin.write((line + "\n").encode())
        senders[writer].stdin.flush()
        senders[writer].stdout.readline()

    run("journal", send, journald.rotate, [f"--journal.directory={journald.directory}", "--start=all"])


def in_files():
    home = lane.temp_dir()
    paths = {"kubelet": home / "kubelet.log", "containerd": home / "containerd.log"}
    out = {}

    def reopen():
        for writer, path in paths.items():
            if path.exists():
                path.rename(f"{path}-{time.time_ns()}")
            out[writer] = open(path, "ab", buffering=0)

    reopen()
    run("files", lambda writer, line: out[writer].write((line + "\n").encode()), reopen,
        ["--source=file", *(f"--file.path={path}" for path in paths.values()), "--timezone=UTC"])


lane.need("zstd")
in_journal()
in_files()
lane.finish()
