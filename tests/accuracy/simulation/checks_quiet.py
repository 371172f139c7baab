# SPDX-License-Identifier: Apache-2.0
"""What is known of a simulated pod's end at -v 0: by its container runtime's lines, or by next to none."""
from simulation.checks import NEAR, Check
from simulation.ending import SIDECARS_LAST


class QuietCheck(Check):
    """At -v 0, where the runtime's lines are all that tells of an end."""
    all_have_uids = True

    def __init__(self, world, level):
        super().__init__(world, level)
        self.end = world.kubelet.last_stamp(level)

    def all(self, found):
        for pod, records in self.by_pod(found):
            told = [record for record in records if record["trigger"] not in ("finished", "unknown")]
            if pod.trigger in (None, "finished"):
                if self.kubelet.runtime.tells_codes or not self.kubelet.starts[1:]:  # without exit codes it may have crashed, and was deleted
                    self.that(pod, not told, "made up", [record["trigger"] for record in told])
                continue
            self.that(pod, len(records) <= 1, "one record", len(records))
            if ("stop_containers", "runtime_down") in pod.failures:
                continue  # a runtime does not tell of calls that did not reach it, nor what it did not live to end
            if self.must_be_found(pod):
                self.that(pod, told, "one record", [record["trigger"] for record in records])
            if pod.case in ("probed", "sandbox-dies") and self.kubelet.starts[1:]:
                continue  # as if the next kubelet's kill were one more attempt
            for record in told[:1]:
                self.pod(pod, record)

    def must_be_found(self, pod):
        return any(c.kills for c in pod.containers) and pod.sandbox_gone_at is not None

    def pod(self, pod, record):
        self.that(pod, record["trigger"] in ("runtime_stop", pod.trigger), "trigger", f"{record['trigger']} against {pod.trigger}")
        kills = [c.kills[0][0] for c in pod.containers if c.kills]
        began = self.seconds(record["requested_at"])
        if began is not None:
            killed_already = pod.case in ("probed", "sandbox-dies")  # as if for the same end
            self.that(pod, killed_already or began >= pod.requested_at - NEAR, "requested_at too early", f"{began} against {pod.requested_at}")
            if kills and not self.told_apart(pod):
                self.that(pod, began <= min(kills) + NEAR, "requested_at too late", f"{began} against {min(kills)}")
        self.ended(pod, record)
        if not self.told_apart(pod):
            self.containers(pod, record)
        self.volumes(pod, record)
        self.phases(pod, record)

    def told_apart(self, pod):
        """Of stops that a hook keeps that long apart only a grace that it shortened tells that they are one end's; and none does of a probe's
        that was under way."""
        kills = [c.kills[0][0] for c in pod.containers if c.kills]
        return kills and max(kills) - min(kills) > 10 and (self.kubelet.minor < SIDECARS_LAST or min(kills) < pod.requested_at - NEAR)

    def ended(self, pod, record):
        over = pod.sandbox_gone_at
        settled = self.end - max(over or 0, *self.kubelet.starts) > 80
        if over is None:
            self.that(pod, record["state"] == "in_flight", "state", record["state"])
        elif settled:
            self.that(pod, record["state"] != "in_flight", "state", record["state"])
        if record["state"] in ("terminated", "removed"):
            low = high = NEAR
            if record["termination_precision"] == "bound":
                high = 2
            self.near(pod, f"terminated_at ({record['termination_precision']})", self.seconds(record["terminated_at"]), over, low, high)
            codes_known = all(c["exit_code"] is not None for c in record["containers"])
            if codes_known and record["outcome"] != "forced" and pod.case != "sandbox-dies" and not self.told_apart(pod):
                wanted = self.outcome(pod)
                self.that(pod, record["outcome"] == wanted or wanted == "forced", "outcome", f"{record['outcome']} against {wanted}")
        self.removed(pod, record)


class BlindCheck(Check):
    """At -v 0 without the runtime's lines: volumes, failures and the folder tell that, and nothing tells when it was asked for."""

    all_have_uids = True
    SAID = {"eviction", "preemption"}  # when they are over

    def all(self, found):
        for pod, records in self.by_pod(found):
            triggers = [record["trigger"] for record in records]
            if pod.trigger is None:
                self.that(pod, not records, "made up", triggers)
                continue
            self.that(pod, len(records) <= 1, "one record", triggers)
            self.that(pod, set(triggers) <= {"unknown", *({pod.trigger} & self.SAID)}, "trigger", triggers)
            for record in records:
                self.that(pod, record["requested_at"] is None, "requested_at", record["requested_at"])
                self.volumes(pod, record)
                self.phases(pod, record)
                self.removed(pod, record)
