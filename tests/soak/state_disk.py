#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The disk of the state file fills up, turns read-only, loses its folder: the exporter keeps serving and counting, says
so in state_commit_errors_total, recovers by itself, and nothing is lost.

  state_disk.py [--short]
"""
import argparse
import os
import signal
import subprocess
import time

from soak import Exporter, Writer, differences, figure, lane


def mounted(home):
    folder = home / "disk"
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], capture_output=True).returncode:
        lane.skip("no right to mount a small disk")
    lane.atexit.register(subprocess.run, ["umount", "-l", str(folder)], capture_output=True)
    return folder


def fill(disk):
    filler = os.open(disk / "filler", os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(filler, b"x" * 4096)
    except OSError:
        os.close(filler)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    rounds = 2 if parser.parse_args().short else 20
    home = lane.temp_dir()
    disk = mounted(home)
    log = home / "kubelet.log"
    out = open(log, "ab", buffering=0)
    writer = Writer(out.write, 500)
    writer.start()
    lane.wait_for("lines", lambda: writer.sent > 0)
    arguments = ["--source=file", f"--file.path={log}", "--timezone=UTC", "--start=all"]
    control = Exporter(home, "control", *arguments, "--state.path=none").start().wait_ready()
    exporter = Exporter(home, "exporter", *arguments, f"--state.path={disk}/state").start().wait_ready()
    errors = lambda: exporter.sum_of("state_commit_errors_total")
    lines = lambda: exporter.sum_of("lines_total")

    def while_broken(what):
        before, counted = errors(), lines()
        lane.wait_for(f"{what}: an error counted", lambda: errors() > before, 20)
        lane.wait_for(f"{what}: still counting", lambda: lines() > counted + 200, 20)
        lane.expect(f"{what}: healthy and ready", lane.get(exporter.base + "/-/healthy")[0] == 200 == lane.get(exporter.base + "/-/ready")[0])

    def after(what):
        at = (disk / "state").stat().st_mtime_ns
        lane.wait_for(f"{what}: written again", lambda: (disk / "state").stat().st_mtime_ns > at, 20)
        lane.expect(f"{what}: recovered", True)

    for _ in range(rounds):
        fill(disk)
        while_broken("disk full")
        os.unlink(disk / "filler")
        after("disk full")
        lane.wait_for("read-only", lambda: subprocess.run(["mount", "-o", "remount,ro", disk], capture_output=True).returncode == 0)
        while_broken("read-only")
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
        after("read-only")
    # Dies while the disk is full: what was counted since is read again.
    fill(disk)
    while_broken("killed on a full disk")
    lane.stop(exporter.child, signal.SIGKILL)
    os.unlink(disk / "filler")
    exporter.start().wait_ready()
    writer.finish()
    lane.wait_for("the end", lambda: lines() == writer.sent == control.sum_of("lines_total"), 30)
    time.sleep(2)
    strip = lambda all_: {k: v for k, v in all_.items() if not k.startswith("kubelet_lifecycle_state_")}
    wrong = differences(strip(control.counters()), strip(exporter.counters()))
    lane.expect("counters and histograms are those of the undisturbed run", not wrong, dict(list(wrong.items())[:5]))
    figure("state_disk.rounds", rounds)
    figure("state_disk.lines", writer.sent)
    for one in (control, exporter):
        lane.expect(f"{one.name} ends with 0", lane.stop(one.child) == 0)
    lane.finish()


if __name__ == "__main__":
    main()
