# SPDX-License-Identifier: Apache-2.0
"""CPU time of whole programs, compared in pairs: what else the machine does hits both sides of a pair alike."""
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

sys.path += [str(pathlib.Path(__file__).resolve().parents[1] / part) for part in ("e2e", "support", "soak")]
import lane  # noqa: E402

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class Command:
    """A program to be timed. `pieces`: several in a row, when a peer takes more than one."""

    def __init__(self, name, *pieces, env=None):
        self.name, self.pieces, self.env = name, [[str(word) for word in piece] for piece in pieces], env or {}
        self.sink = tempfile.TemporaryFile()

    def cpu_seconds(self):
        """User and system time of one run, its children's too; the output is thrown away."""
        total = 0.0
        for argv in self.pieces:
            # Into a file: GNU grep stops at the first hit when it sees that nobody reads.
            child = subprocess.Popen(argv, stdout=self.sink, stderr=subprocess.DEVNULL, env={**os.environ, **self.env})
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode not in (0, 1 if argv[0] == "grep" else 0):
                raise AssertionError(f"{' '.join(argv)[:300]} ended with {child.returncode}")
            total += usage.ru_utime + usage.ru_stime
        return total


class Ratio:
    """Of CPU times, one a pair."""

    def __init__(self, ratios, ours, theirs):
        self.ratios, self.ours, self.theirs = sorted(ratios), statistics.median(ours), statistics.median(theirs)

    @property
    def median(self):
        return statistics.median(self.ratios)

    def text(self):
        return f"{self.median:.3g} ({self.ratios[0]:.3g} to {self.ratios[-1]:.3g})"


def compare(ours, theirs, pairs):
    """Runs both in turn, `pairs` times, each first as often as the other; once before that to warm the caches."""
    ours.cpu_seconds(), theirs.cpu_seconds()
    times = []
    for i in range(pairs):
        order = (ours, theirs) if i % 2 == 0 else (theirs, ours)
        seconds = {command: command.cpu_seconds() for command in order}
        times.append((seconds[ours], seconds[theirs]))
    return Ratio([a / b for a, b in times], [a for a, _ in times], [b for _, b in times])


class Process:
    """What a running process has used and holds."""

    def __init__(self, pid):
        self.pid = pid

    def _status(self, field, of="status"):
        return int(re.search(rf"^{field}:\s+(\d+)", pathlib.Path(f"/proc/{self.pid}/{of}").read_text(), re.M).group(1))

    def cpu_seconds(self):
        """To the microsecond where the kernel keeps it, all threads."""
        total = 0
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def wakeups(self):
        """Times that any thread gave the processor up by itself: each is a wake-up later."""
        return sum(int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", (task / "status").read_text(), re.M).group(1))
                   for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir())

    def rss_anon_kib(self):
        return self._status("RssAnon")
