# SPDX-License-Identifier: Apache-2.0
"""A simulated kubelet of before 1.22, when no worker led a pod through its end. Each loop does its part when it finds that its time has
come: a sync kills what is deleted or has failed, housekeeping kills what runs and should not, and removes cgroups, the volume manager unmounts
when no container runs, the status manager deletes the object when nothing is left. Their looks at one another are as late as the real ones."""
import dataclasses
import re

import retold
from simulation.decisions import UNHEALTHY
from simulation.docker import Docker
from simulation.kubelet import Kubelet
from simulation.loop import START
from simulation.loops_before_122 import Loops
from simulation.pod import Ref

FRESH = 1.0  # of the runtime's list of pods
LEAST_GRACE = 2
KILLING = "error killing pod: "
NAMED_FIELDS = 19  # since when an operation on a volume names the parts of its key
FIELDS = re.compile(r'"\{volumeName:(\S+) podName:(\S+) nodeName:\}"')


@dataclasses.dataclass
class Life:
    """What this process knows of a pod."""
    asked: bool = False  # for a sync
    runs: bool = False  # as its last status says
    deleted: bool = False
    grace: int | None = None  # of the deletion
    kill: bool = False  # its end was decided here
    final: bool = False  # Failed or Succeeded
    unhealthy: object = None
    unmounting: bool = False
    cgroup: bool = True
    folder: bool = True
    begun: bool = False
    over_at: float | None = None

    @property
    def over(self):
        return self.final or (self.deleted and not self.runs)


class KubeletBefore122(Loops, Kubelet):
    tells_of_workers = False

    def __init__(self, seed, minor, busy=0.0, start=START):
        super().__init__(seed, minor, busy, start)
        if self.random.random() < 0.7:
            self.runtime = Docker(self, seed)
        self.lives, self.killing, self.kills = {}, set(), 0

    def say(self, who, name, /, **values):
        if name == "no.failed" and self.minor < NAMED_FIELDS:
            values["operation"] = FIELDS.sub(r'"\\"\1\\" (\\"\2\\")"', values["operation"])
        return super().say(who, name, **values)

    def life(self, pod):
        return self.lives.setdefault(pod.uid, Life())

    def begin(self):
        self.lives, self.killing = {}, set()
        super().begin()
        for work in (self.housekeeping(), self.populator(), self.status_manager()):
            self.go(work, self.random.uniform(0.1, 2))

    def end(self):
        for pod in self.pods:
            pod.cut = pod.cut or bool(pod.trigger and not pod.killed)
        super().end()

    @staticmethod
    def living(pod):
        """Containers and sandbox."""
        return [c for c in pod.all_containers() if c.state == "running"]

    def exit(self, pod, c, code):
        ran = c.state == "running"
        super().exit(pod, c, code)
        if ran:
            self.life(pod).over_at = self.loop.now
            self.cadvisor("cad.del.1", pod, c)

    def run(self, pod, c):
        super().run(pod, c)
        self.cadvisor("cad.add", pod, c)

    def cadvisor(self, name, pod, c=None):
        """Of a container, or of the pod's own cgroup."""
        aliases = [f"k8s_{c.name or 'POD'}_{pod.name}_{pod.namespace}_{pod.uid}_{c.attempt}", c.id] if c else retold.Bare("[]")
        names = {"cgroup": self.runtime.cgroup(pod, c), "aliases": aliases, "namespace": self.runtime.unit if c else ""}
        if self.up:
            self.go(self.after(self.random.uniform(0.01, 0.3), lambda: self.say("cadvisor", name, **names)))

    # --- sources

    def on_delete(self, pod):
        life = self.life(pod)
        at = self.say("sync", "loop.delete", source="api", pods=[pod.ref])
        life.deleted, life.grace = True, pod.delete_grace
        self.asked_to_end(pod, "api_delete", at)
        self.dispatch(pod, "update")

    def asked_to_end(self, pod, trigger, at):
        if pod.trigger:
            return
        pod.trigger, pod.requested_at = trigger, at
        self.end_of_life(pod)

    def on_remove(self, pod):
        if pod.removed_at is not None or not pod.known:
            return
        life = self.life(pod)
        pod.removed_at = self.say("sync", "loop.remove", source="api", pods=[pod.ref])
        pod.known = False
        if pod.trigger == "api_delete" and pod.delete_grace == 0 and pod.deletes == 1 and not life.final and not pod.unsaid:
            pod.trigger = "force_delete"
        self.asked_to_end(pod, "force_delete", pod.removed_at)
        self.let_go(pod)

    def let_go(self, pod):
        """The runtime is asked less often than it changes."""
        life = self.life(pod)
        seen = bool(self.living(pod)) or (life.over_at or -9) > self.loop.now - self.random.uniform(0, FRESH)
        if pod.sandbox and seen:
            self.go(self.killer(pod, life.grace if life.deleted else pod.grace))
        else:
            self.say("sync", "pod.delfail", err="pod not found", pod=pod.ref)

    def relisted(self, pod):
        if pod.known:
            self.dispatch(pod, "sync")

    def dispatch(self, pod, why):
        life = self.life(pod)
        if life.deleted and not life.runs:
            pod.terminating = True
            if not self.living(pod):
                pod.terminated_at = pod.terminated_at or self.loop.now
            self.go(self.tell_status(pod))
        elif not life.final:
            life.asked = True

    def begin_end(self, pod):
        """An eviction, a preemption, a shutdown."""
        pod.idle = not any(c.state == "running" for c in pod.containers)
        self.life(pod).kill = True

    def past_deadline(self, pod):
        self.event(pod, "Normal", "DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
        pod.trigger, pod.requested_at, pod.phase = "deadline", self.loop.now, "Failed"
        self.life(pod).asked = True

    def remove_file(self, pod):
        pod.trigger, pod.exists, pod.known = "static_removed", False, False
        pod.requested_at = self.say("sync", "loop.remove", source="file", pods=[pod.ref])
        self.let_go(pod)

        def mirror():
            yield self.random.uniform(0.5, 2.5)
            for name in ("loop.delete", "loop.remove"):
                self.say("sync", name, source="api", pods=[self.mirror(pod)])
                yield 0.003
        self.go(mirror())

    @staticmethod
    def mirror(pod):
        """It has an UID of its own."""
        return Ref(pod.namespace, pod.name, f"{pod.uid[:8]}-aaaa-4bbb-8ccc-{pod.uid[8:20]}")

    def resume(self, pod):
        life = self.life(pod)
        life.deleted, life.grace = pod.deleted, pod.delete_grace
        life.runs = pod.phase == "Running"
        life.final = pod.phase in ("Succeeded", "Failed")
        pod.terminating = pod.killed = pod.done = False
        if pod.deleted and not life.final and not pod.trigger:
            pod.unsaid = True
            self.asked_to_end(pod, "api_delete", self.loop.now)
        self.go(self.worker(pod))

    # --- syncs

    def worker(self, pod, first=False):
        me, life = f"worker {pod.uid}", self.life(pod)
        self.dispatch(pod, "create")
        if not life.over and not life.deleted:
            life.asked = False
            yield from self.start(pod, me)
            if pod.static:
                self.say("sync", "loop.add", source="api", pods=[self.mirror(pod)])
        while pod.known or life.kill:
            relists = self.relists
            while self.relists == relists or not (life.asked or life.kill):
                if not pod.known and not life.kill:
                    return
                yield 0.05
            yield self.random.uniform(0.0001, 0.002)
            errors, prefix = yield from self.sync(pod, me)
            if errors:
                error = prefix + self.aggregate(errors)
                self.raw(me, "E", error)
                self.say(me, "pw.err.2", err=error, **self.of_pod(pod))
                self.go(self.after(self.random.uniform(10, 15), lambda: self.dispatch(pod, "sync")))

    def sync(self, pod, me):
        """([error], what stands before it)"""
        life = self.life(pod)
        life.asked = False
        decided, life.kill = life.kill, False
        apps = [c for c in pod.containers if c.kind == "app"]
        ran, life.runs = life.runs, any(c.relisted == "running" for c in apps)
        if decided or pod.phase == "Failed":
            life.final, pod.phase = True, "Failed"
        if ran != life.runs or life.final or life.deleted:
            self.go(self.tell_status(pod))
        if decided or life.final or life.deleted:
            grace = life.grace if life.deleted else pod.grace
            errors = yield from self.kill_pod(pod, me, grace, override=pod.override if decided else None)
            return errors, "" if decided else KILLING
        if life.unhealthy:
            yield from self.kill_unhealthy(pod, me)
        elif pod.phase == "Running" and pod.case == "job" and all(c.relisted == "exited" for c in apps):
            life.final, pod.phase, pod.trigger = True, "Succeeded", "finished"
            self.say(me, "sbx.stopdead.4", pod=pod.ref)
            yield from self.kill_pod(pod, me, pod.grace)
        elif pod.phase == "Running" and pod.sandbox.relisted == "exited":
            yield from self.change_sandbox(pod, me)
        elif pod.phase == "Running" and pod.restarts:
            self.start_again(pod, me)
            self.go(self.after(10, lambda: self.dispatch(pod, "sync")))
        return [], ""

    def kill_pod(self, pod, me, grace, **more):
        errors = yield from super().kill_pod(pod, me, grace, **more)
        if pod.trigger and not self.living(pod):
            pod.killed, pod.terminated_at = True, self.loop.now
        return errors

    def stop_sandbox(self, pod, me, running, errors):
        """Two may stop it: it is gone when the first has."""
        pod.sandbox.stopped_by = me
        yield from super().stop_sandbox(pod, me, running, errors)
        if pod.sandbox_gone_at is not None:
            pod.sandbox.first_gone_at = getattr(pod.sandbox, "first_gone_at", pod.sandbox_gone_at)
            pod.sandbox_gone_at = pod.sandbox.first_gone_at

    def kill(self, pod, c, grace, errors, turns, override=None):
        self.kills += 1
        me = f"kill {c.id} {self.kills}"  # two may kill one
        yield self.random.uniform(0.0001, 0.002)
        self.event(pod, "Normal", "Killing", f"Stopping container {c.name}")
        left = grace
        if c.hook and left > 0:
            left -= yield from self.hook(pod, c, me, left)
        left = max(left, LEAST_GRACE)
        if override is not None:
            left = override
            self.say(me, "kill.override.1", gracePeriod=str(override), **self.of_container(pod, c))
        yield from self.kill_container(pod, c, me, left, errors)
        turns["left"] -= 1

    def hook(self, pod, c, me, grace):
        """With two kills it runs twice; the first end is its end."""
        took = self.loop.now
        yield from super().hook(pod, c, me, grace)
        c.hook_ends.append((c.hook_to, c.hook_outcome))
        c.hook_to, c.hook_outcome = c.hook_ends[0]
        return int(self.loop.now - took)

    def killer(self, pod, grace):
        if pod.uid in self.killing:
            return
        self.killing.add(pod.uid)
        me = f"killer {pod.uid}"
        at = self.say(me, "unwanted", name=pod.name, podName=pod.name)
        self.asked_to_end(pod, "orphan", at)
        errors = yield from self.kill_pod(pod, me, grace)
        if errors:
            error = self.aggregate(errors)
            self.raw(me, "E", f'Failed killing the pod "{pod.name}": {error}' if self.minor < 21 else
                     f'"Failed killing the pod" err={retold.quoted(error)} podName="{pod.name}"')
        self.killing.discard(pod.uid)

    def probe_kill(self, pod, c):
        if self.minor < 21:
            self.raw("sync", "I", f'SyncLoop (container unhealthy): "{self.full_name(pod)}"')
        else:
            self.say("sync", "loop.probe", probe="liveness", status="unhealthy", pod=pod.ref)
        self.life(pod).unhealthy = c
        self.dispatch(pod, "sync")

    def kill_unhealthy(self, pod, me):
        c, self.life(pod).unhealthy = self.life(pod).unhealthy, None
        if c.state != "running":
            return
        self.unhealthy(pod, me, c)
        self.say(me, "ctr.unwanted.3", containerName=c.name, containerID=[self.runtime.scheme, c.id], pod=pod.ref)
        self.event(pod, "Normal", "Killing", UNHEALTHY.format(c.name))
        yield from self.kill_container(pod, c, me, pod.grace, [])
        yield self.random.uniform(0.05, 0.2)
        if c.state == "exited":
            self.replace(pod, c)

    # --- what is left

    def orphan(self, pod):
        """Housekeeping finds it."""
        return
        yield

    def forget(self, pod):
        return
        yield

    def clean_up(self, pod, died):
        """Of a pod that is not known any more the rest is left to the garbage collection."""
        if pod.known:
            super().clean_up(pod, died)
        elif died.kind == "sandbox":
            self.say("sync", "pleg.notfound.2", containerID=died.id)

    def to_be_removed(self, pod):
        life = self.life(pod)
        return pod.evicted or (life.deleted and not any(c.relisted == "running" for c in pod.containers)) or (not pod.known and not self.living(pod))

    def remove_container(self, c):
        self.raw("deletor", "I", f'"RemoveContainer" containerID="{c.id}"' if self.minor >= 21 else f"[topologymanager] RemoveContainer - Container ID: {c.id}")
        self.runtime.remove(c)
        yield 0.0
