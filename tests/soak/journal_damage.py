#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Damaged journals. At rest: mutated files are read by `report` without a crash or a hang. Live: a journal file is
truncated, holed, unlinked or made unreadable under a following exporter: it lives, what is missing is told, and the next
good file is read within five seconds.

  journal_damage.py [--short] [--mutants=N] [--live=N]
"""
import argparse
import json
import os
import pathlib
import random
import signal
import subprocess
import time

from soak import Exporter, figure, lane

WRITER = "/lib/systemd/systemd-journal-remote"
BOOT = "1" * 32


def export(first, count):
    """Of four lines one is an event, as a reader may pass over the others."""
    out = []
    for i in range(first, first + count):
        text = '"Probe succeeded" probeType="Liveness"' if i % 4 else '"SyncLoop ADD" source="api"'
        out.append(f"__REALTIME_TIMESTAMP={1_795_400_000_000_000 + i}\n__MONOTONIC_TIMESTAMP={1000 + i}\n_BOOT_ID={BOOT}\n"
                   f"_SYSTEMD_UNIT=kubelet.service\n_PID=812\n_STREAM_ID={'0' * 31}1\n"
                   f'MESSAGE=I1123 10:00:{i // 1000000 % 60:02d}.{i % 1000000:06d}    4321 kubelet.go:1] {text} pods=[ns/web-{i}]\n\n')
    return "".join(out)


def write(path, first, count):
    subprocess.run([WRITER, "-o", path, "-"], input=export(first, count), text=True, check=True, capture_output=True)


def at_rest(home, mutants):
    good = home / "good.journal"
    write(good, 0, 2000)
    whole = good.read_bytes()
    used = max(i for i in range(0, len(whole), 4096) if any(whole[i:i + 4096])) + 4096
    dice, short, told, slowest = random.Random(11), 0, 0, 0.0
    for number in range(mutants):
        bytes_ = bytearray(whole)
        kind = number % 4
        if kind == 0:
            for _ in range(dice.randint(1, 200)):
                bytes_[dice.randrange(used)] = dice.randrange(256)
        elif kind == 1:
            del bytes_[dice.randrange(len(bytes_)):]
        elif kind == 2:
            at = dice.randrange(used)
            bytes_[at:at + 65536] = bytes(min(65536, len(bytes_) - at))
        else:
            at = dice.randrange(0, 272)
            bytes_[at] ^= 1 << dice.randrange(8)
        path = home / "mutant.journal"
        path.write_bytes(bytes_)
        begun = time.monotonic()
        done = subprocess.run([lane.exporter(), "report", "--format=json", path], capture_output=True, text=True, timeout=60)
        slowest = max(slowest, time.monotonic() - begun)
        if done.returncode not in (0, 1):
            lane.expect(f"mutant {number} is survived", False, (done.returncode, done.stderr[-300:]))
            break
        source = json.loads(done.stdout)["source"] if done.returncode == 0 else {"lines": 0, "gaps": {}}
        missing = source["lines"] < 2000
        is_told = done.returncode == 1 or bool(source["gaps"])
        short += missing
        told += is_told
        if missing and not is_told:
            lane.expect(f"mutant {number}: that lines are missing is told", False, source)
    figure("damage.mutants", mutants)
    figure("damage.mutants_with_entries_missing", short)
    figure("damage.mutants_refused_or_told", told)
    figure("damage.slowest_mutant_seconds", round(slowest, 2))
    lane.expect("no mutant takes longer than 5 s", slowest < 5, slowest)


def live(home, times):
    folder = home / "journal"
    folder.mkdir()
    # A neighbour that stays: the folder is never empty.
    write(folder / "keep.journal", 0, 100)
    exporter = Exporter(home, "exporter", f"--journal.directory={folder}", "--start=all", "--journal.unit=kubelet",
                        f"--state.path={home}/state").start().wait_ready()
    lines = lambda: exporter.sum_of("lines_total")
    lane.wait_for("the first file", lambda: lines() == 100)
    gaps = lambda: sum(v for k, v in exporter.counters().items() if k.startswith("kubelet_lifecycle_journal_gaps_total{"))
    next_entry, dice, slowest, missing, told = 1000, random.Random(5), 0.0, 0, 0
    descriptors = pathlib.Path(f"/proc/{exporter.child.pid}/fd")
    opened = lambda path: any(os.path.samefile(one, path) for one in descriptors.iterdir() if one.exists())
    for number in range(times):
        kind = ("truncate", "hole", "unlink", "chmod")[number % 4]
        path = folder / f"f{number}.journal"
        exporter.child.send_signal(signal.SIGSTOP)  # else a quick machine has the file damaged before it is looked at
        write(path, next_entry, 20_000)
        next_entry += 20_000
        exporter.child.send_signal(signal.SIGCONT)
        begun = time.monotonic()
        while not opened(path) and time.monotonic() < begun + 20:
            time.sleep(0.001)
        time.sleep(dice.uniform(0.01, 0.1))  # somewhere in the middle of it
        size = path.stat().st_size
        if kind == "truncate":
            os.truncate(path, dice.choice((0, 4096, size // 2)))
        elif kind == "hole":
            subprocess.run(["fallocate", "--punch-hole", "--offset", "4096", "--length", str(size - 4096), path], check=True)
        elif kind == "unlink":
            path.unlink()
        else:
            path.chmod(0)
        if path.exists():
            time.sleep(0.3)
            path.unlink()
        before = lines()
        write(folder / f"g{number}.journal", next_entry, 200)
        next_entry += 200
        begun = time.monotonic()
        try:
            lane.wait_for("the next good file", lambda: lines() >= before + 200, 5)
        except AssertionError:
            lane.expect(f"{kind} {number}: the next good file within 5 s", False, (before, lines()))
        slowest = max(slowest, time.monotonic() - begun)
        (folder / f"g{number}.journal").unlink()
        if exporter.child.poll() is not None:
            lane.expect(f"{kind} {number}: survived", False, exporter.child.returncode)
            return
        time.sleep(1.5)  # a commit more
        missing_before, told_before = missing, told
        missing, told = next_entry - 1000 + 100 - lines(), gaps()
        lost, gaps_told = missing - missing_before, told - told_before
        # Of a file that was cut, the last line read may have been its last.
        if lost < 0 or (lost > 0 and not gaps_told) or (gaps_told and not lost and kind != "truncate"):
            lane.expect(f"{kind} {number}: what is missing is told, nothing else, and nothing is read twice", False, (lost, gaps_told))
    lane.expect(f"{times} files damaged under the reader: it lives", True)
    figure("damage.live", times)
    figure("damage.live_gaps_counted", told)
    figure("damage.live_lines_missing", missing)
    figure("damage.live_slowest_next_file_seconds", round(slowest, 2))
    figure("damage.descriptors", exporter.descriptors())
    lane.expect("damage is told", told > 0)
    lane.expect("descriptors bounded", exporter.descriptors() < 60 + 104, exporter.descriptors())
    lane.expect("ends with 0", lane.stop(exporter.child) == 0)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--mutants", type=int)
    parser.add_argument("--live", type=int)
    arguments = parser.parse_args()
    lane.need(WRITER, "fallocate")
    home = lane.temp_dir()
    at_rest(home, arguments.mutants or (150 if arguments.short else 10_000))
    live(home, arguments.live or (12 if arguments.short else 200))
    lane.finish()


if __name__ == "__main__":
    main()
