# SPDX-License-Identifier: Apache-2.0
"""The forms in which a simulated kubelet's lines come: journalctl's, syslog's, docker's, CRI's."""
import json

from simulation.loop import EPOCH, MICROSECOND

ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
LATE = 0.0002  # what a line takes to its reader
BOOT = "5f1c2d3e4a5b4c6d8e7f90a1b2c3d4e5"


class Line:
    """One line as something else has it: who wrote it and when it came."""

    def __init__(self, loop, unit, pid, at, text):
        self.unit, self.pid, self.at, self.text = unit, pid, at, text
        self.wall = loop.wall(at)

    @property
    def iso(self):
        return self.wall.isoformat(timespec="microseconds")


def lines_of(world, level, with_runtime, face=None):
    """In the order in which they were printed."""
    kubelet = world.kubelet
    found, latest = [], 0.0
    for at, pid, text in kubelet.printed(level, *([face] if face else [])):
        latest = max(latest, at + LATE)
        found += [Line(kubelet.loop, "kubelet", pid, latest, one) for one in text.split("\n")]
    if with_runtime:
        own = [Line(kubelet.loop, kubelet.runtime.unit, 812, at + LATE, text) for at, text in zip(kubelet.runtime.stamps(), kubelet.runtime.lines())]
        found = sorted(found + own, key=lambda line: line.at)
    return found


def later(world, lines):
    """A line that is about none of its pods, when all is settled that settles with time."""
    last = lines[-1]
    at = last.at + 200
    return Line(world.kubelet.loop, last.unit, last.pid, at, f'I{world.kubelet.loop.wall(at):%m%d %H:%M:%S.%f} {last.pid:7d} x.go:1] "Observed pod startup duration" pod="default/x"')


def plain(lines):
    return "".join(line.text + "\n" for line in lines)


def short_iso(lines):
    return "".join(f"{line.iso}+0000 node-1 {line.unit}[{line.pid}]: {line.text}\n" for line in lines)


def rfc5424(lines):
    return "".join(f"{line.iso}+00:00 node-1 {line.unit}[{line.pid}]: {escaped(line.text)}\n" for line in lines)


def syslog(lines):
    return "".join(f"{line.wall:%b %e %H:%M:%S} node-1 {line.unit}[{line.pid}]: {escaped(line.text)}\n" for line in lines)


def escaped(text):
    return text.replace("\t", "#011")


def journal_json(lines):
    out = []
    for line in lines:
        since = round((line.wall - EPOCH) / MICROSECOND)
        out.append(ENCODER.encode({"__CURSOR": f"s=1;i={len(out):x}", "__REALTIME_TIMESTAMP": str(since), "__MONOTONIC_TIMESTAMP": str(round(line.at * 1e6) + 10**7),
                               "_BOOT_ID": BOOT, "PRIORITY": "6", "SYSLOG_IDENTIFIER": line.unit, "_PID": str(line.pid), "_TRANSPORT": "stdout",
                               "_SYSTEMD_UNIT": line.unit + ".service", "MESSAGE": line.text}) + "\n")
    return "".join(out)


def docker(lines):
    return "".join(ENCODER.encode({"log": line.text + "\n", "stream": "stderr", "time": line.iso + "000Z"}) + "\n" for line in lines)


def cri(lines):
    return "".join(f"{line.iso}000Z stderr F {line.text}\n" for line in lines)


FORMS = {form.__name__: form for form in (short_iso, rfc5424, syslog, journal_json)}
ALONE = {form.__name__: form for form in (docker, cri)}  # of one program
