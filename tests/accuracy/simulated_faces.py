#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The same simulated kubelet (simulation/), fed in every form that a log comes in, gives the same records; and `serve` shows what
`report` says.

usage: simulated_faces.py [--seeds=FROM-TO] [--keep=FOLDER]"""
import argparse
import datetime
import gzip
import json
import pathlib
import random
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path += [str(HERE), str(HERE.parent / "support"), str(HERE.parent / "e2e")]
import faces  # noqa: E402
import lane  # noqa: E402
from recorded import BINARY  # noqa: E402
from retold_json import JsonTeller  # noqa: E402
from simulation.forms import ALONE, FORMS, later, lines_of, plain, syslog  # noqa: E402
from simulation.growing import GrowingFile  # noqa: E402
from simulation.world import World, seeds_of  # noqa: E402

LATE_PHASES = "pod_termination_phase_duration_seconds"  # of what outlives its end they are observed with its object's
OF_AGE = ("grace_exceeded", "volume_hung", "api_finalizer", "kubelet_restart")  # reasons that silence alone makes


def settled(record, whole=True):
    """What may not depend on the form, nor on the clock."""
    record = json.loads(json.dumps(record))
    if record["current"]:
        for name in ("age_seconds", "overdue_seconds", "hint"):
            record["current"].pop(name, None)
        if record["current"]["reason"] in OF_AGE:
            record["current"]["reason"] = ""
    if not whole:
        for failure in record["failures"]:
            failure.pop("message")
            failure.pop("message_end", None)
    return record


def by_pod(records, whole=True):
    return {(one["uid"], one["pod"], one["requested_at"]): settled(one, whole) for one in records}


class Faces:
    def __init__(self, seed, home):
        self.seed, self.home = seed, home
        self.random = random.Random(f"faces {seed}")
        self.world = World(seed, 22, 36)
        self.world.run()
        self.level = self.random.choice([0, 2, 3, 4, 5])
        self.off = []

    def report(self, *files, form="json", year=2026):
        done = subprocess.run([BINARY, "report", f"--format={form}", "--timezone=UTC", f"--year={year}", *map(str, files)], check=True, capture_output=True)
        return json.loads(done.stdout) if form == "json" else done.stdout.decode()

    def write(self, name, text):
        path = self.home / f"{self.seed}-{name}"
        data = text.encode()
        if name.endswith(".gz"):
            data = gzip.compress(data)
        elif name.endswith(".zst"):
            data = subprocess.run(["zstd", "-qc"], input=data, check=True, capture_output=True).stdout
        path.write_bytes(data)
        return path

    def same(self, name, records, wanted, whole=True):
        got, wanted = by_pod(records, whole), by_pod(wanted, whole)
        for key in got.keys() | wanted.keys():
            if got.get(key) != wanted.get(key):
                self.off.append(f"{name} at -v {self.level}: {key}: {first_difference(got.get(key), wanted.get(key))}")

    def run(self):
        lines = lines_of(self.world, self.level, False)
        text = plain(lines)
        log = self.write("kubelet.log", text)
        document = self.report(log)
        records = document["terminations"]
        for name, form in {**FORMS, **ALONE}.items():
            self.same(name, self.report(self.write(name, form(lines)))["terminations"], records)
        for packed in ("gz", "zst"):
            self.same(packed, self.report(self.write(f"kubelet.log.{packed}", text))["terminations"], records)
        cut = self.random.randrange(1, len(lines))
        parts = [self.write("kubelet.log.1", plain(lines[:cut])), self.write("kubelet.log.0", plain(lines[cut:]))]
        for order in (parts, parts[::-1]):
            self.same("rotated", self.report(*order)["terminations"], records)
        faced = plain(lines_of(self.world, self.level, False, JsonTeller))
        self.same("klog's JSON", self.report(self.write("kubelet.json.log", faced))["terminations"], records, whole=False)
        values = faces.exposition(self.report(log, form="openmetrics"))
        if totals := faces.differences(values, document):
            self.off.append(f"openmetrics at -v {self.level}: {totals}")
        self.volumes(values)
        self.beside_runtime()
        self.served_whole(log, document)
        self.served_growing()
        return [f"seed {self.seed}, 1.{self.world.minor}: {one}" for one in self.off]

    def volumes(self, values):
        """What no record has: devices, and failures by plugin."""
        kubelet = self.world.kubelet
        of_devices = tuple(sorted({"operation": "unmount_device", "plugin": "kubernetes.io/csi"}.items()))
        name = "volume_unmount_duration_seconds"
        for what, wanted in ((name + "_count", len(kubelet.device_spans)), (name + "_sum", sum(kubelet.device_spans))):
            if abs(values.get((what, of_devices), 0) - wanted) > 0.01:
                self.off.append(f"devices at -v {self.level}: {what} {values.get((what, of_devices))} against {wanted}")
        failed = {(dict(labels)["plugin"], dict(labels)["reason"]): n for (what, labels), n in values.items() if what == "volume_unmount_failures_total" and n and dict(labels)["plugin"] != "other"}  # what names no volume
        if failed != dict(kubelet.volume_failures):
            self.off.append(f"volume failures at -v {self.level}: {failed} against {dict(kubelet.volume_failures)}")

    def beside_runtime(self):
        both = lines_of(self.world, self.level, True)
        alone = [[line for line in both if line.unit == unit] for unit in ("kubelet", self.world.kubelet.runtime.unit)]
        wanted = self.report(*(self.write(f"{name}.own", plain(some)) for name, some in zip("kr", alone)))["terminations"]
        for name, form in FORMS.items():
            if form is not syslog:  # of whole seconds, so that the order of two files is another
                self.same(f"{name} with its runtime's", self.report(self.write(name, form(both)))["terminations"], wanted)

    def serve(self, log):
        return lane.Serve("--source=file", f"--file.path={log}", "--timezone=UTC", "--start=all", "--state.path=none").wait_ready()

    def served_whole(self, log, document):
        """What `serve` shows of a log that was written long ago."""
        serve = self.serve(log)
        self.agree("serve", serve, document, 15)
        serve.stop()

    def served_growing(self):
        """What `serve` shows of a log that it follows while it is written and rotated. Its times are to come: a reader that waits for a line
        would else go by the clock."""
        start = datetime.datetime.utcnow().replace(microsecond=0) + datetime.timedelta(hours=1)
        world = World(self.seed, 22, 36, start)
        world.run()
        self.level = max(self.level, 2)  # below that, what has no end is shown as long as it may have one
        lines = lines_of(world, self.level, False)
        lines.append(later(world, lines))
        form = self.random.choice([plain, *FORMS.values()])
        document = self.report(self.write("kubelet.later", plain(lines)), year=start.year)
        folder = self.home / f"{self.seed}-growing"
        folder.mkdir()
        log = GrowingFile(folder / "kubelet.log", self.random)
        serve = self.serve(log.path)
        log.write(form(lines), self.random.choice([0, 1, 4]))
        self.agree(f"serve of a growing {form.__name__}", serve, document, 15)
        self.lost_nothing(serve, form(lines))
        serve.stop()
        log.close()

    def lost_nothing(self, serve, text):
        wanted = {"lines_total": text.count("\n"), "journal_gaps_total": 0}
        try:
            lane.wait_for("its lines", lambda: self.sums(serve, wanted) == wanted, 15)
        except AssertionError:
            self.off.append(f"serve of a growing log: {self.sums(serve, wanted)} against {wanted}")

    @staticmethod
    def sums(serve, names):
        values = faces.exposition(serve.metrics())
        return {wanted: sum(n for (name, _), n in values.items() if name == wanted) for wanted in names}

    def agree(self, name, serve, document, patience):
        """Idle, it goes by the clock: what settles with time does so in a moment."""
        wanted = document["terminations"]
        try:
            lane.wait_for("the records", lambda: by_pod(self.served(serve)) == by_pod(wanted), patience)
        except AssertionError:
            self.same(name, self.served(serve), wanted)
        values = {key: n for key, n in faces.exposition(serve.metrics()).items() if not key[0].startswith(LATE_PHASES)}
        wanted = {key: n for key, n in faces.expected(document).items() if not key[0].startswith(LATE_PHASES)}
        if totals := [key for key, n in wanted.items() if abs(values.get(key, 0) - n) > 1e-3]:
            self.off.append(f"{name}'s /metrics at -v {self.level}: {totals}")

    @staticmethod
    def served(serve):
        return [one for state in ("recent", "in_flight") for one in serve.terminations(f"?state={state}&limit=1000")]


def first_difference(got, wanted):
    if got is None or wanted is None:
        return "made up" if wanted is None else "missing"
    return "; ".join(f"{key} {got[key]} against {wanted[key]}" for key in wanted if got.get(key) != wanted[key])[:600]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default="1-10", type=seeds_of)
    parser.add_argument("--keep", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = arguments.keep or pathlib.Path(folder)
        home.mkdir(parents=True, exist_ok=True)
        off = [one for seed in arguments.seeds for one in Faces(seed, home).run()]
    for one in off:
        print("FAIL  " + one)
    print(f"figure: {len(arguments.seeds)} simulated kubelets in every form, {len(off)} differences")
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main())
