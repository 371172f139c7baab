# SPDX-License-Identifier: Apache-2.0
"""What a record says of the end of a simulated pod of before 1.22 (kubelet_before_122.py)."""
import dataclasses

from simulation.checks import NEAR, Check

SAME_WORDS = 21  # one text for the override and the kill
TOGETHER = 0.02
SETTLED = 9  # the tracker's patience with a sandbox whose pod is gone


class CheckBefore122(Check):
    """No line tells more of an end at -v 4 than at 3: a relist and the first unmount do, and no exit codes."""

    def __init__(self, world, level):
        super().__init__(world, min(level, 3))
        self.named = {values["event"][2] for _, _, _, name, values, _ in world.kubelet.said if name == "loop.pleg"}

    def near(self, pod, what, got, wanted, low=NEAR, high=NEAR):
        """One text for an override and its kill: of two kills that nearly fall together the second counts."""
        together = self.kubelet.minor == SAME_WORDS and what.endswith("kill_started_at")
        super().near(pod, what, got, wanted, low, TOGETHER if together else high)

    def state(self, pod, record):
        if pod.terminated_at is not None or any(c.state == "running" for c in pod.all_containers()):
            super().state(pod, record)  # else its network is torn down still, of which nothing tells

    def pod(self, pod, record):
        if self.level < 3 and pod.trigger == "force_delete" and self.kubelet.starts[1:]:
            return  # what is killed by its id alone, and never named, is nobody's
        began = [c.kills[0][0] for c in pod.containers if c.kills]
        given_up = pod.trigger == "eviction" and pod.terminated_at and began and pod.terminated_at - min(began) > 5
        if not (self.level < 3 and given_up):  # that it was one, was said when it was over
            super().pod(pod, record)

    def own(self, pod):
        """A restart that is under way is ended before the pod is: what is replaced by it, too."""
        ended = [c for c in pod.earlier if c.kills and c.kind != "sandbox" and pod.requested_at and (c.exited_at or 0) >= pod.requested_at]
        return [c for c in [*ended, *pod.containers] if self.is_named(c)]

    def is_named(self, c):
        """Of what started while its kubelet did, -v 2 may tell nothing but its id."""
        return self.level >= 3 or c.id in self.named

    def current(self, pod, record):
        if all(map(self.is_named, pod.containers)):
            super().current(pod, record)

    def just_ended(self, pod):
        return [c for c in pod.earlier if c.exited_at is not None and 0 <= pod.requested_at - c.exited_at < 2 * self.relist]

    def exits_are_told(self, pod):
        """Of a pod that its source does not name any more -v 2 tells when all of it is over."""
        return self.level >= 3 or pod.known or pod.terminated_at is not None

    def hook_is_told(self, c):
        """What runs on after its container was killed by another."""
        return not (c.hook_to and c.exited_at and c.hook_to > c.exited_at)

    def failures(self, pod, record):
        """What the second look at a pod fails in may come after its end."""
        told = self.told_failures(record)
        least = {"stop_sandbox": 1, "prestop": int(all(map(self.hook_is_told, pod.containers)))}
        fewer = {key: told[key] for key, count in pod.failures.items() if least.get(key[0], count) <= told[key] < count}
        wanted = {key: count for key, count in {**pod.failures, **fewer}.items() if count}
        super().failures(dataclasses.replace(pod, failures=wanted), record)

    def kills(self, pod, c, one):
        """Whether it was dead already when another kill began, the log does not always say."""
        alive = [kill for kill in c.kills if c.exited_at is None or kill[0] < c.exited_at]
        if self.kubelet.minor == SAME_WORDS:  # a kill, or the override before it: those that nearly fall together
            alive = [kill for i, kill in enumerate(alive) if i == 0 or kill[0] - alive[i - 1][0] > TOGETHER]
        self.that(pod, len(alive) <= one["attempts"] <= len(c.kills), f"{c.name} attempts", f"{one['attempts']} against {len(alive)} to {len(c.kills)}")
        self.that(pod, one["grace_seconds"] in [grace for _, grace in c.kills], f"{c.name} grace", f"{one['grace_seconds']} against {c.kills}")

    def terminated(self, pod, record, level):
        got = self.seconds(record["terminated_at"])
        gone = [c.exited_at for c in pod.all_containers() if c.exited_at is not None and not c.state == "running"]
        if pod.terminated_at is None or not pod.sandbox or not gone:
            return
        if pod.removed_at is not None and max(gone) + self.relist - pod.removed_at > SETTLED:
            return  # nothing told of it for that long
        if self.level < 3 and pod.restarts:
            return  # what died by itself in the end looks like a sandbox
        if got is not None:
            self.that(pod, got >= max(gone) - NEAR, "terminated_at too early", f"{got} against {max(gone)} {record['termination_precision']}")
            high = max(pod.sandbox_gone_at or 0, pod.terminated_at) + self.relist + 5
            if ("stop_sandbox", "cni_teardown") in pod.failures:  # nothing tells when that was over, but that the object went
                high = max(high, pod.removed_at or self.end) + NEAR
            self.that(pod, got <= high, "terminated_at too late", f"{got} against {high} {record['termination_precision']}")
        elif self.end - pod.terminated_at > 15 + 4 * self.relist:
            self.that(pod, False, "terminated_at", "missing")
