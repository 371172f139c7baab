# SPDX-License-Identifier: Apache-2.0
"""The ends, of pods and containers, that a simulated kubelet decides itself: no client asked for them."""
import math

from simulation.ending import SIDECARS_LAST

MEMORY_LOW = "The node was low on resource: memory. "
UNHEALTHY = "Container {} failed liveness probe, will be restarted"


class Decisions:
    """A part of the kubelet."""

    def evict(self, pod, grace):
        if not self.ready or not self.runtime.up:  # which tells what is used
            return
        self.say("eviction", "ev.all.10", resourceName="memory")
        self.say("eviction", "ev.all.12", resourceName="memory")
        self.say("eviction", "ev.all.15", pods=[pod.ref])
        self.event(pod, "Warning", "Evicted", MEMORY_LOW)
        at = self.say("eviction", "ev.all.22", message=MEMORY_LOW, **self.of_pod(pod))
        pod.trigger, pod.requested_at = "eviction", at
        pod.override, pod.evicted = grace, True
        self.say("eviction", "pw.evict.2", updateType="kill", **self.of_pod(pod))
        self.begin_end(pod)
        patience = max(grace * 1.5, 10)

        def wait():
            yield from self.until_killed(pod, patience)
            if pod.killed:
                self.say("eviction", "ev.all.24", pod=pod.ref)
            else:
                self.say("eviction", "ev.all.23", err="timeout waiting to kill pod", pod=pod.ref)
            yield 1.0
            self.say("eviction", "ev.all.18", pods=[pod.ref])
        self.go(wait())

    def until_killed(self, pod, patience=math.inf):
        until = self.loop.now + patience
        while not pod.killed and self.loop.now < until:
            yield 0.01

    def preempt(self, pod):
        if not self.ready:
            return
        self.event(pod, "Warning", "Preempting", "Preempted in order to admit critical pod")
        self.say("sync", "pr.all.4" if self.minor >= 34 else "pr.all.1", insufficientResources="[(res: cpu, q: 100), ]", requestingPod="kube-system/crit", **self.of_pod(pod))
        pod.trigger, pod.requested_at, pod.evicted = "preemption", self.loop.now, True
        self.say("sync", "pw.evict.2", updateType="kill", **self.of_pod(pod))
        self.begin_end(pod)

        def wait():
            yield from self.until_killed(pod)
            self.say("sync", "pr.all.3", pod=pod.ref)
        self.go(wait())

    def shutdown(self, pods, grace):
        if not self.ready:
            return
        self.say("shutdown", "sd.all.12", event="shutdown")
        self.say("shutdown", "sd.all.5")
        for pod in pods:
            def kill(pod=pod):
                me = f"shutdown {pod.uid}"
                yield self.random.uniform(0, 0.01)
                pod.override = min(grace, pod.grace)
                pod.trigger, pod.shut_down = "node_shutdown", True
                pod.requested_at = self.say(me, "sd.all.6", pod=pod.ref, gracePeriod=str(pod.override))
                pod.granted = pod.override
                self.say(me, "pw.removed.2", updateType="kill", **self.of_pod(pod))
                self.begin_end(pod)
                yield from self.until_killed(pod)
                self.say(me, "sd.all.8", pod=pod.ref)
            if pod.known and not pod.terminating:
                self.go(kill())

    def past_deadline(self, pod):
        if not self.ready or self.skips:
            return
        self.event(pod, "Normal", "DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
        me = f"worker {pod.uid}"
        pod.trigger, pod.requested_at = "deadline", self.loop.now
        self.end_by_sync(pod, me, "Failed")

    def probe_kill(self, pod, c):
        """A container that is restarted; the pod lives on."""
        if not self.ready:
            return
        me = f"worker {pod.uid}"

        def restart():
            yield from self.until_synced()
            self.say("sync", "loop.probe", probe="liveness", status="unhealthy", pod=pod.ref)
            self.unhealthy(pod, me, c)
            left = pod.grace
            self.event(pod, "Normal", "Killing", UNHEALTHY.format(c.name))
            kill = self.say(me, "kill.start", gracePeriod=str(left), **self.of_container(pod, c)), left
            pod.syncing = True
            if (yield from self.stop(pod, c, left)):
                pod.syncing = False
                return
            self.say(me, "kill.done", **self.of_container(pod, c))
            yield self.random.uniform(0.05, 0.2)
            pod.syncing = False
            if pod.terminating:
                if c.exited_at >= pod.requested_at:
                    c.kills.append(kill)
                return
            self.replace(pod, c)
        self.go(restart())

    def unhealthy(self, pod, me, c):
        reason = UNHEALTHY.format(c.name)
        self.say(me, "ctr.message.2", containerName=c.name, containerID=[self.runtime.scheme, c.id], containerStatusID=f"{self.runtime.scheme}://{c.id}",
                 pod=pod.ref, message=reason, containerMessage=reason)

    def remove_file(self, pod):
        """A static pod's manifest goes."""
        pod.exists = False
        self.heard(lambda: self.file_removed(pod))

    def file_removed(self, pod):
        pod.trigger = "static_removed"
        pod.known = False
        pod.requested_at = self.say("sync", "loop.remove", source="file", pods=[pod.ref])
        self.say("sync", "pod.mustkill", **self.of_pod(pod))
        self.say("sync", "pw.removed.2", updateType="kill", **self.of_pod(pod))
        self.begin_end(pod)
        pod.deleted = False
        self.go(self.forget(pod))

        def mirror():
            while not pod.killed:
                yield 0.1
            yield self.random.uniform(0.5, 2)
            self.say("sync", "loop.delete", source="api", pods=[pod.ref])
            yield 0.003
            self.say("sync", "loop.remove", source="api", pods=[pod.ref])
        self.go(mirror())

    def orphan(self, pod):
        """It runs, and its object went while no kubelet did."""
        me = f"worker {pod.uid}"
        at = self.say("housekeeping", "hk.orphanctr.2", killPodOptions="{}", podUID=pod.uid)
        if not pod.trigger:
            pod.trigger, pod.requested_at = "orphan", at
        pod.terminating = True
        if self.minor >= 27:
            self.say(me, "pw.event.2", updateType=1, **self.of_pod(pod))
            self.say(me, "ting.rt.enter", **self.of_pod(pod))
            self.say(me, "ting.orphan.nograce", **self.of_pod(pod))
            grace = 2 if self.minor >= SIDECARS_LAST else 1
        else:
            self.say("housekeeping", "pw.first.1", **self.of_pod(pod))
            self.say("housekeeping", "pw.orphan.1", **self.of_pod(pod))
            self.say(me, "pw.event.2", updateType=1, **self.of_pod(pod))
            self.say(me, "ting.enter.2", **self.of_pod(pod))
            self.say(me, "ting.grace.1", gracePeriod="1", **self.of_pod(pod))
            grace = 1
        for v in pod.volumes:
            if v.mounted:
                self.go(self.unmount(pod, v), self.random.uniform(0.0, 0.3))
        for c in pod.containers:
            c.hook = None  # nobody knows its spec
        while (yield from self.kill_pod(pod, me, grace)):
            yield 10
        self.say(me, "ting.stopped.orphan.2", **self.of_pod(pod))
        if self.minor >= 27:
            self.say(me, "ting.rt.exit", **self.of_pod(pod))
        at = self.say(me, "pw.termOK.orphan.2", **self.of_uid(pod))
        pod.terminated_at = pod.terminated_at or at
        pod.killed = pod.done = True
        yield from self.forget(pod)
