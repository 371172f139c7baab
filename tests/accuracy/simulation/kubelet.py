# SPDX-License-Identifier: Apache-2.0
"""A kubelet that never was: pods live and end as a real kubelet has them live and end, and what happened is known beside the log.

The same seed gives the same lines. Orders are those of recorded kubelets and of the kubelet's sources."""
import collections
import itertools
import random

from simulation.containerd import Containerd
from simulation.containers import Containers
from simulation.crio import Crio
from simulation.decisions import Decisions
from simulation.ending import Ending
from simulation.loop import START, Loop
from simulation.outage import Outage
from simulation.speech import Speech
from simulation.starting import Starting
from simulation.volumes import VolumeManager

CRIO_SHARE = 0.3


class Kubelet(Speech, Containers, Outage, Starting, Ending, Decisions, VolumeManager):
    tells_of_workers = True  # what a pod's worker says at -v 4

    def __init__(self, seed, minor, busy=0.0, start=START):
        self.random, self.minor, self.busy = random.Random(seed), minor, busy
        self.loop = Loop(start)
        crio = random.Random(f"runtime {seed}").random() < CRIO_SHARE
        self.runtime = Crio(self.loop, seed, minor) if crio else Containerd(self.loop, seed)
        self.said = []  # (key, order, at, row, values)
        self.last = {}  # by goroutine: its last stamp
        self.keys = {}  # by goroutine, and by pod: the place of its last line. What one line causes is printed below it
        self.pods = []
        self.pid = 4321
        self.epoch = 0
        self.up = self.ready = self.skips = False
        self.runtime_seen_at = 0.0
        self.starts = []
        self.relists = 0
        self.turn = self.delivered = 0
        self.heads = itertools.count()
        self.backed_off = set()
        self.volume_failures = collections.Counter()  # of unmounts, by plugin and reason
        self.device_spans = []  # what each device's unmount took

    def go(self, work, after=0.0):
        """A goroutine of this kubelet process."""
        epoch = self.epoch

        def guarded():
            for pause in work:
                yield pause
                if self.epoch != epoch or not self.up:
                    return
        self.loop.spawn(guarded(), after)

    def after(self, pause, what):
        yield pause
        if self.up:
            what()

    def hex(self, digits=64):
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def uid(self, static=False):
        h = self.hex(32)
        return h if static else f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{h[16:20]}-{h[20:]}"

    # --- sources

    def create(self, pod):
        self.pods.append(pod)
        if not self.ready:
            return  # the first batch will name it
        self.heard(lambda: self.add(pod))

    def add(self, pod):
        pod.known = True
        self.say("sync", "loop.add", source="file" if pod.static else "api", pods=[pod.ref])
        self.go(self.worker(pod, first=True))

    def watch(self, pod, what):
        """What the API server did reaches the kubelet."""
        def arrive():
            yield self.random.uniform(0.003, 0.03)
            yield from self.until_synced()
            if pod.known:
                what()
        if self.up:
            self.go(arrive())

    def delete(self, pod, grace=None):
        """DELETE of a client."""
        grace = pod.grace if grace is None else grace
        if not pod.exists or (pod.delete_grace is not None and grace >= pod.delete_grace):
            return
        over = pod.phase in ("Succeeded", "Failed")
        pod.deleted, pod.delete_grace = True, 0 if over else grace
        pod.deletes += 1
        gone = pod.delete_grace == 0 and not pod.finalizer
        pod.exists = not gone
        self.tell_of(pod, gone)

    def tell_of(self, pod, gone):
        """The watch brings the object's last change, and that it is gone; the source may see but the latter."""
        def change():
            if not gone or pod.done or self.random.random() < 0.9:
                self.on_delete(pod)
            if gone:
                self.go(self.after(self.random.uniform(0.0002, 0.035), lambda: self.on_remove(pod)))
        self.watch(pod, change)

    def on_delete(self, pod):
        at = self.say("sync", "loop.delete", source="api", pods=[pod.ref])
        if pod.done:
            self.say("sync", "pw.finished.2", updateType="update", **self.of_pod(pod))
            return
        if not pod.terminating:
            if not pod.trigger:
                pod.trigger, pod.requested_at = "api_delete", at
            self.say("sync", "pw.delete.2", updateType="update", **self.of_pod(pod))
            self.begin_end(pod)
        elif not pod.killed:
            self.say("sync", "pw.cancel.2", workType=1, **self.of_pod(pod))

    def on_remove(self, pod):
        if pod.removed_at is not None or not pod.known:
            return
        pod.removed_at = self.say("sync", "loop.remove", source="api", pods=[pod.ref])
        pod.known = False
        if pod.trigger == "api_delete" and pod.delete_grace == 0 and pod.deletes == 1 and not pod.done:
            pod.trigger = "force_delete"
        self.say("sync", "pod.mustkill", **self.of_pod(pod))
        if pod.done:
            self.say("sync", "pw.finished.2", updateType="kill", **self.of_pod(pod))
        elif not pod.terminating:
            pod.trigger, pod.requested_at = "force_delete", pod.removed_at
            self.say("sync", "pw.removed.2", updateType="kill", **self.of_pod(pod))
            self.begin_end(pod)
        self.go(self.forget(pod))

    def begin_end(self, pod):
        pod.terminating = True
        self.end_of_life(pod)
        if pod.syncing:
            self.say("sync", "pw.cancel.2", workType=1, **self.of_pod(pod))

    @staticmethod
    def end_of_life(pod):
        pod.idle = not any(c.state == "running" for c in pod.containers)
        for c in pod.containers:
            if c.state == "exited" and not pod.cut and pod.terminated_at is None:
                c.kills = []  # they belong to the pod's life

    # --- the pod's worker

    def worker(self, pod, first=False):
        me = f"worker {pod.uid}"
        if first:
            self.say("sync", "pw.first.2", updateType="create", **self.of_pod(pod))
        if not pod.terminating:
            pod.syncing = True
            yield from self.start(pod, me)
            pod.syncing = False
        while not pod.terminating:
            yield 0.1
            apps = [c for c in pod.containers if c.kind == "app"]
            if pod.phase == "Running" and all(c.state == "exited" and c.relisted == "exited" for c in apps) and pod.case == "job":
                pod.trigger = "finished"
                self.end_by_sync(pod, me, "Succeeded")
            if pod.phase == "Running" and not pod.terminating and pod.sandbox.relisted == "exited":
                yield from self.change_sandbox(pod, me)
            elif pod.phase == "Running" and pod.restarts and not pod.terminating:
                self.start_again(pod, me)
        yield from self.terminate(pod, me)
        yield from self.reclaim(pod, me)

    def end_by_sync(self, pod, me, phase):
        self.sync_begins(pod, me)
        self.sync_ends(pod, me, terminal=True)
        self.say(me, "pw.natural.2", **self.of_uid(pod))
        pod.phase = phase
        pod.terminating = True

    # --- the process

    def begin(self):
        self.up = True
        self.epoch += 1
        self.turn = self.delivered = 0
        if self.starts:
            self.pid += self.random.randrange(50, 5000)
        self.starts.append(self.loop.now)
        self.say("main", "k.version", kubeletVersion=f"v1.{self.minor}.5")
        self.say("main", "loop.start")
        lost = [pod for pod in self.pods if not pod.exists]
        for pod in self.pods:
            for c in pod.all_containers():
                c.relisted = "non-existent"
            pod.known = False
        self.runtime_seen_at, self.skips = self.loop.now, False
        self.go(self.watch_runtime())
        self.go(self.sync_loop())
        self.go(self.pleg())
        self.go(self.collect_garbage())

        def sources():
            yield 0.1
            static = [pod for pod in self.pods if pod.static and pod.exists and not pod.done]
            self.say("sync", "loop.add", source="file", pods=[pod.ref for pod in static])
            yield self.random.uniform(0.2, 1.2)
            self.ready = True
            there = [pod for pod in self.pods if pod.exists and not pod.static]
            self.random.shuffle(there)
            self.say("sync", "loop.add", source="api", pods=[pod.ref for pod in there])
            for pod in [*static, *there]:
                pod.known, pod.syncing = True, False
                self.resume(pod)
            yield self.random.uniform(1, 2.5)
            for pod in self.pods:
                if pod in lost and not pod.done and any(c.state == "running" for c in pod.all_containers()):
                    self.go(self.orphan(pod))
        self.go(sources())

    def resume(self, pod):
        self.say("sync", "pw.first.2", updateType="create", **self.of_pod(pod))
        pod.terminating = pod.killed = pod.done = False
        if pod.deleted:
            at = self.say("sync", "pw.delete.2", updateType="create", **self.of_pod(pod))
            self.begin_end(pod)
            if pod.trigger in (None, "finished") and pod.phase not in ("Succeeded", "Failed"):
                pod.trigger, pod.requested_at, pod.unsaid = "api_delete", at, True
        elif pod.phase in ("Succeeded", "Failed"):
            self.say("sync", "pw.terminal.2", updateType="create", **self.of_pod(pod))
            pod.terminating = True
        pod.phase = pod.phase if pod.phase != "Running" or pod.sandbox else "Pending"
        self.go(self.worker(pod))

    def end(self):
        for pod in self.pods:
            pod.cut = pod.cut or (pod.terminating and not pod.done)
        self.up = self.ready = False
        self.epoch += 1

    def boot(self):
        """The node's: its containers went with it, which their runtime finds when it starts."""
        for c in [one for pod in self.pods for one in pod.all_containers() if one.state == "running"]:
            c.state, c.exited_at, c.code = "exited", round(self.loop.now, 6), 255
