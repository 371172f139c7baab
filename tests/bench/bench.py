#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Speed, by comparison: the built exporter against the limit and against what a user would pick instead.

  bench.py [SUITE ...] [--pairs=7] [--lines=1000000] [--home=FOLDER] [--markdown=FILE]

Suites: exact, files, journal, growth, live, memory, scrape, catchup; without a name all of them; inputs only makes the logs. Every ratio is of CPU times (user and
system) of whole programs that ran in turn, the median of the pairs with the smallest and the largest; the inputs are made
once, seeded, below --home. Peers that are not installed are named with the command that installs them.
"""
import argparse
import json
import pathlib
import platform
import shutil
import subprocess
import time

import corpus
import live
from measure import Command, compare, lane

LIFECYCLE = ["SyncLoop ADD", "SyncLoop DELETE", "SyncLoop REMOVE", r"SyncLoop \(PLEG\)", "operationExecutor.UnmountVolume started",
             "operationExecutor.VerifyControllerAttachedVolume started", "MountVolume.SetUp succeeded", "No sandbox for pod can be found",
             "Pod is being synced for the first time", "Pod is marked for graceful deletion", "syncTerminatingPod (enter|exit)",
             "Pod terminating with grace period", "Killing container with a grace period", "Container exited normally",
             "Pod terminated all containers successfully", "UnmountVolume.TearDown succeeded", r"Generic \(PLEG\): container finished",
             "Pod termination removed cgroups", "Pod is complete and the worker can now stop"]


class Bench:
    def __init__(self, arguments):
        self.home = pathlib.Path(arguments.home)
        self.home.mkdir(parents=True, exist_ok=True)
        self.pairs, self.lines = arguments.pairs, arguments.lines
        self.tools = pathlib.Path(lane.exporter()).parent
        self.rows, self.notes = [], []

    def row(self, what, figure, bound="", good=True):
        """A line of the table. `good`: whether the figure keeps to the bound; a broken one fails the run."""
        self.rows.append((what, figure, bound, good))
        print(f"{'ok  ' if good else 'FAIL'}  {what}: {figure}" + (f"  (bound {bound})" if bound else ""), flush=True)

    def ratio(self, what, ours, theirs, at_most=None, at_least=None):
        """Of our CPU time to theirs; with `at_least` the other way round: how many times less we take."""
        found = compare(ours, theirs, self.pairs) if at_least is None else compare(theirs, ours, self.pairs)
        good = (at_most is None or found.median <= at_most) and (at_least is None or found.median >= at_least)
        bound = f"<= {at_most:g}" if at_most is not None else f">= {at_least:g}" if at_least is not None else ""
        self.row(what, found.text(), bound, good)
        return found

    def installed(self, program, package=None):
        if shutil.which(program):
            return True
        note = f"{program} is not here, its comparison is left out: apt-get install {package or program}"
        self.notes.append(note)
        print("note  " + note, flush=True)
        return False

    def report(self, *paths, name="report", form="table"):
        return Command(name, [lane.exporter(), "report", f"--format={form}", "--timezone=UTC", *paths])

    def mtail(self, log):
        program = pathlib.Path(__file__).with_name("lifecycle.mtail")
        return Command("mtail", ["mtail", "--one_shot", "--one_shot_format=prometheus", "--progs", program, "--logs", log, f"--log_dir={self.home}"])

    def exact(self):
        """Counts and sums of a report beside the oracle's."""
        for form in ("text", "json"):
            log, oracle = corpus.log(self.home, self.lines, form)
            found = json.loads(subprocess.run([lane.exporter(), "report", "--format=json", "--timezone=UTC", log], check=True,
                                              capture_output=True).stdout)
            ended = [one for one in found["terminations"] if one["termination_seconds"] is not None]
            seconds = sum(one["termination_seconds"] for one in ended)
            off = abs(seconds - oracle["seconds"]) / max(len(ended), 1)
            removed = sum(one["removed_at"] is not None for one in found["terminations"])
            good = (len(found["terminations"]), len(ended), removed) == tuple(oracle[key] for key in ("deleted", "terminated", "removed"))
            self.row(f"exactness, {form}: deleted, terminated, removed", f"{len(found['terminations']):,}, {len(ended):,}, {removed:,}",
                     "the oracle's", good)
            self.row(f"exactness, {form}: error of the duration sum a pod", f"{off * 1e6:.2g} us", "<= 1 ms", off <= 1e-3)

    def files(self):
        log, _ = corpus.log(self.home, self.lines, "text")
        json_log, _ = corpus.log(self.home, self.lines, "json")
        recorded = corpus.recorded(self.home)
        split = lambda path: Command("line split", [self.tools / "line_split", path])
        grep = lambda pattern: Command("grep", ["grep", "-E", "-c", pattern, log], env={"LC_ALL": "C"})
        of = f"{self.lines:,} lines"
        ours = self.ratio(f"text, {of}: parse and track / memchr line split", self.report(log), split(log), at_most=1.6)
        self.row(f"text, {of}: lines a CPU second", f"{self.lines / ours.ours:,.0f}")
        ours = self.ratio(f"JSON, {of}: parse and track / memchr line split", self.report(json_log), split(json_log), at_most=2.0)
        self.row(f"JSON, {of}: lines a CPU second", f"{self.lines / ours.ours:,.0f}")
        self.ratio("recorded kubelets' logs at -v 5: parse and track / memchr line split", self.report(recorded), split(recorded))
        self.ratio(f"text, {of}: report / GNU grep -E of the termination's events", self.report(log), grep("|".join(LIFECYCLE)), at_most=1.5)
        if self.installed("mtail"):
            self.ratio(f"text, {of}: mtail / report", self.report(log), self.mtail(log), at_least=20)

    def journal(self):
        entries = max(self.lines // 10, 20_000)
        folder, _ = corpus.journal(self.home, entries)
        bare = lambda *units: Command("bare sd_journal loop", [self.tools / "journal_loop", folder, *units])
        cat = lambda *units: Command("journalctl", ["journalctl", f"--directory={folder}", *(f"--unit={unit}" for unit in units),
                                                    "--output=cat", "--no-pager", "--quiet"])
        kubelet, runtime = "kubelet.service", "containerd.service"
        drain, alone = self.report(folder), self.report("--runtime.source=none", folder)
        found = self.ratio("draining a journal of the kubelet's lines (--runtime.source=none): report / bare sd_journal loop over the same",
                           alone, bare(kubelet), at_most=1.10)
        self.row("draining a journal of the kubelet's lines: entries a CPU second", f"{entries / found.ours:,.0f}")
        self.ratio("draining a journal of the kubelet's lines: report / journalctl -o cat of the same", alone, cat(kubelet), at_most=0.6)
        self.ratio("draining a journal of the kubelet's and the runtime's lines: report / bare sd_journal loop over the same", drain,
                   bare(kubelet, runtime), at_most=1.10)
        self.ratio("draining a journal of the kubelet's and the runtime's lines: report / journalctl -o cat of the same", drain,
                   cat(kubelet, runtime), at_most=0.6)
        self.ratio("draining a journal of the kubelet's and the runtime's lines: report / bare loop over the kubelet's alone", drain, bare(kubelet))
        self.ratio("draining a journal of the kubelet's and the runtime's lines: report / journalctl -o cat of the kubelet's alone", drain,
                   cat(kubelet))
        if self.installed("rsyslogd", "rsyslog") and self.installed("mtail"):
            self.ratio("draining a journal: rsyslog imjournal to a file, then mtail / report", drain,
                       corpus.Imjournal(self.home, folder, entries, self.mtail), at_least=1)

    def growth(self):
        log, _ = corpus.log(self.home, self.lines, "text")
        long_log, _ = corpus.log(self.home, 5 * self.lines, "text")
        found = compare(self.report(long_log), self.report(log), max(self.pairs // 2, 3))
        self.row("five times the lines: CPU time a line grows by", f"{found.median / 5:.3g} times", "within 10 %", found.median / 5 <= 1.10)
        few, many = corpus.together(self.home, 10), corpus.together(self.home, 10_000)
        found = compare(self.report(many), self.report(few), self.pairs)
        self.row("10,000 pods in flight at once instead of 10: CPU time an event", f"{found.text()} times", "< 1.5", found.median < 1.5)

    def live(self):
        live.rates(self)

    def memory(self):
        live.memory(self)

    def scrape(self):
        live.scrape(self)

    def catchup(self):
        live.catch_up(self)

    def inputs(self):
        """Only makes what the stages read."""
        for form in ("text", "json"):
            corpus.log(self.home, self.lines, form)


SUITES = ("inputs", "exact", "files", "journal", "growth", "live", "memory", "scrape", "catchup")


HEAD = """# Performance

What it costs, for whoever gives it a share of a node: made by `./dev bench`, against limits that were set beforehand and against peers.
What a node needs: [INSTALL.md](INSTALL.md#what-it-needs).

* **Ratios** are of the CPU time (user and system) of whole programs that ran in turn on the same input, {pairs} pairs: the median, and in
  brackets the smallest and the largest.
* **The input** is a made-up kubelet at `-v 5` (`tests/support/kubelet_log.py`), {lines:,} lines, 206 bytes a line, 13 % of them of a pod's life,
  with an oracle beside it; and recorded kubelets where it says so.

"""


def markdown(bench):
    lines = [HEAD.format(pairs=bench.pairs, lines=bench.lines), "| what | measured | bound |", "|---|---|---|"]
    lines[0] = lines[0].rstrip("\n") + "\n"
    lines += [f"| {what} | {figure}{'' if good else ' **(not kept)**'} | {bound} |" for what, figure, bound, good in bench.rows]
    after = pathlib.Path(__file__).with_name("notes.md").read_text(encoding="utf-8")
    return "\n".join(lines + [""] + [f"* {note}" for note in bench.notes] + [after])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suites", nargs="*", metavar="SUITE")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--home", default="build/bench/corpus")
    parser.add_argument("--markdown")
    arguments = parser.parse_args()
    unknown = [suite for suite in arguments.suites if suite not in SUITES]
    if unknown:
        parser.error(f"no suite {unknown[0]}: one of {', '.join(SUITES)}")
    bench = Bench(arguments)
    begun = time.monotonic()
    for suite in arguments.suites or SUITES[1:]:
        getattr(bench, suite)()
    print(f"{time.monotonic() - begun:.0f} s on {platform.machine()}")
    if arguments.markdown:
        pathlib.Path(arguments.markdown).write_text(markdown(bench), encoding="utf-8")
    raise SystemExit(0 if all(good for *_, good in bench.rows) else 1)


if __name__ == "__main__":
    main()
