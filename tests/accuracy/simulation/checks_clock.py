# SPDX-License-Identifier: Apache-2.0
"""What a record says of a simulated pod's end when the node's clock was set in the middle of it."""
from simulation.checks import seconds

FITS = 0.05
TOLD_APART_BY_TIME = {"api_delete", "force_delete", "finished", "deadline"}


class AcrossSteps:
    """Before a check's class. A journal's monotonic times show the step: a record's times are of one clock, the last that its pod saw."""
    shift = 0.0

    def seconds(self, text):
        return None if text is None else seconds(text) - self.shift

    def pod(self, pod, record):
        steps = self.kubelet.loop.steps
        clocks = [sum(by for _, by in steps[:i]) for i in range(len(steps) + 1)]
        moments = [(seconds(record[name]), getattr(pod, name)) for name in ("requested_at", "removed_at")]
        volumes = {v.unique(pod.uid): v for v in pod.volumes}
        moments += [(seconds(one["unmounted_at"]), volumes[one["unique_name"]].unmounted_at) for one in record["volumes"] if one["unique_name"] in volumes]
        killed = {c.id: c.kills[0][0] for c in pod.containers if c.kills}
        moments += [(seconds(one["kill_started_at"]), killed.get(one["id"])) for one in record["containers"]]

        def unlike(ahead):
            off = [abs(told - ahead - true) for told, true in moments if None not in (told, true)]
            return -sum(one < FITS for one in off), sum(off)
        self.shift = min(clocks, key=unlike)
        super().pod(pod, record)


class DespiteSteps:
    """The same where nothing shows it: whose end a line of its own tells is found all the same, and nothing lasted less than no time."""

    def all(self, found):
        super().all({"terminations": [record for record in found["terminations"] if record["trigger"] != "unknown"]})

    def pod(self, pod, record):
        if pod.trigger not in ("eviction", "preemption"):  # announced, for what comes soon after
            told = record["trigger"]
            self.that(pod, told == pod.trigger or {told, pod.trigger} <= TOLD_APART_BY_TIME, "trigger", f"{told} against {pod.trigger}")
        self.removed(pod, record)
        spans = [record["termination_seconds"], record["reclaim_seconds"], record["deletion_seconds"], *(c["stop_seconds"] for c in record["containers"]),
                 *(v["seconds"] for v in record["volumes"]), *(p["seconds"] for p in record["phases"])]
        self.that(pod, all(span is None or span >= 0 for span in spans), "negative", spans)
