# SPDX-License-Identifier: Apache-2.0
"""A kubelet that never was: pods live and end as a real kubelet has them live and end, and what happened is known beside the log.

Goroutines are generators that yield how long they wait. Each says rows of the table of messages (tests/parser/events.tsv); retold.py
puts them into the words of a minor, at its levels. The same seed gives the same lines. Orders are those of recorded kubelets and of the
kubelet's sources; what one goroutine says keeps its order, neighbours of two may swap."""
import collections
import dataclasses
import datetime
import heapq
import itertools
import random

import retold
from simulated_containerd import Containerd
from simulated_volumes import VolumeManager

START = datetime.datetime(2026, 11, 23, 10, 0, 0)
ROWS = {}
SIDECARS_LAST = 29  # since when sidecars go after the others, and the override is told before the hook
RELIST = 1.0
NO_RUNTIME = 'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: connection refused"'
RUNTIME_ENDED = "rpc error: code = Unavailable desc = error reading from server: EOF"
DEADLINE_EXCEEDED = "rpc error: code = DeadlineExceeded desc = context deadline exceeded"


def row(name):
    if not ROWS:
        ROWS.update({one.id: one for one in retold.table()})
    return ROWS[name]


class Ref(str):
    """namespace/name that knows whose it is: another pod may have had that name."""

    def __new__(cls, namespace, name, uid):
        ref = super().__new__(cls, f"{namespace}/{name}")
        ref.uid = uid
        return ref


@dataclasses.dataclass
class Container:
    name: str
    id: str
    kind: str = "app"  # app, init, sidecar
    stop_after: float | None = 0.1  # after SIGTERM; None: it must be killed
    stop_code: int = 0
    lives: float | None = None  # exits by itself after that long
    end_code: int = 0
    hook: tuple | None = None  # ("ok" or "fails" or "hangs", seconds)
    kill_fails: int = 0  # attempts
    state: str = "created"
    exited_at: float | None = None
    code: int | None = None
    relisted: str = "non-existent"
    attempt: int = 0
    within: str = ""  # which sandbox
    removed: bool = False
    # truth
    kills: list = dataclasses.field(default_factory=list)  # (at, grace)
    hook_from: float | None = None
    hook_to: float | None = None
    hook_outcome: str | None = None
    hook_ends: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Pod:
    namespace: str
    name: str
    uid: str
    containers: list
    volumes: list
    grace: int = 30
    static: bool = False
    start_trouble: str | None = None  # mount, sandbox, pull
    sandbox_fails: int = 0
    cni_takes: float = 0.05
    finalizer: bool = False
    sandbox: Container | None = None
    sandboxes: int = 0  # earlier ones
    restarts: bool = False  # the kubelet starts again what exits
    # the API's
    exists: bool = True
    deleted: bool = False  # has a deletionTimestamp
    delete_grace: int | None = None
    deletes: int = 0
    unsaid: bool = False  # it was deleted while no kubelet ran
    cut: bool = False  # its kubelet did not see its end
    phase: str = "Pending"
    # the kubelet's
    known: bool = False
    terminating: bool = False
    idle: bool = False  # nothing ran when its end began
    override: int | None = None
    evicted: bool = False
    killed: bool = False  # its worker has said so
    done: bool = False
    forgotten: bool = False
    shut_down: bool = False
    syncing: bool = False
    volume_failed: bool = False  # since its worker waited for them
    # truth
    trigger: str | None = None
    requested_at: float | None = None
    granted: int | None = None
    terminated_at: float | None = None
    sandbox_gone_at: float | None = None
    cgroup_at: float | None = None
    completed_at: float | None = None
    reclaimed_at: float | None = None
    removed_at: float | None = None
    failures: dict = dataclasses.field(default_factory=dict)
    earlier: list = dataclasses.field(default_factory=list)  # containers that were replaced
    case: str = ""

    @property
    def ref(self):
        return Ref(self.namespace, self.name, self.uid)

    def all_containers(self):
        return [*self.earlier, *self.containers, *([self.sandbox] if self.sandbox else [])]

    def fail(self, phase, reason):
        if self.trigger is None:
            return  # of its life
        self.failures[phase, reason] = self.failures.get((phase, reason), 0) + 1


class Loop:
    def __init__(self):
        self.now, self.queue, self.order = 0.0, [], itertools.count()

    def spawn(self, work, after=0.0):
        heapq.heappush(self.queue, (self.now + after, next(self.order), work))

    def run(self, until):
        while self.queue and self.queue[0][0] <= until:
            self.now, _, work = heapq.heappop(self.queue)
            try:
                self.spawn(work, next(work))
            except StopIteration:
                pass
        self.now = until


class Kubelet(VolumeManager):
    tells_of_workers = True  # what a pod's worker says at -v 4

    def __init__(self, seed, minor, busy=0.0):
        self.random, self.minor, self.busy = random.Random(seed), minor, busy
        self.loop = Loop()
        self.runtime = Containerd(self.loop, START, seed)
        self.said = []  # (key, order, at, row, values)
        self.last = {}  # by goroutine: its last stamp
        self.keys = {}  # by goroutine, and by pod: the place of its last line. What one line causes is printed below it
        self.pods = []
        self.pid = 4321
        self.epoch = 0
        self.up = self.ready = False
        self.starts = []
        self.relists = 0
        self.turn = self.delivered = 0
        self.heads = itertools.count()
        self.backed_off = set()
        self.volume_failures = collections.Counter()  # of unmounts, by plugin and reason
        self.device_spans = []  # what each device's unmount took

    # --- saying

    def say(self, who, name, /, **values):
        """The stamp that the line has."""
        who = (self.epoch, who)
        chain = (self.epoch, values.get("pod") if who[1] == "sync" or who[1].startswith(("worker", "kill", "eviction", "shutdown")) else None)
        at = round(max(self.loop.now, self.last.get(who, 0.0) + self.random.uniform(5e-6, 6e-5)), 6)
        key = at + (self.random.uniform(0, 0.008) if self.random.random() < 0.1 else 0)
        key = max(key, self.keys.get(who, 0.0), self.keys.get(chain, 0.0) if chain[1] else 0.0)
        self.last[who], self.keys[who] = at, key
        if chain[1]:
            self.keys[chain] = key
        self.said.append((key, next(self.heads), at, name, values, self.pid))
        return at

    def of_pod(self, pod):
        return {"pod": pod.ref, "podUID": pod.uid}

    def of_uid(self, pod):
        """What the worker's own lines say of their pod."""
        return {"podUID": pod.uid} if self.minor >= 27 else self.of_pod(pod)

    def of_container(self, pod, c):
        return {**self.of_pod(pod), "containerName": c.name, "containerID": f"{self.runtime.scheme}://{c.id}"}

    def event(self, pod, kind, reason, message):
        def recorder():
            yield self.random.uniform(0.001, 0.02)
            self.say("recorder", "event.2" if self.minor >= 24 else "event.1", object=pod.ref, fieldPath="", kind="Pod", apiVersion="v1",
                     type=kind, reason=reason, message=message)
        self.go(recorder())

    def go(self, work, after=0.0):
        """A goroutine of this kubelet process."""
        epoch = self.epoch

        def guarded():
            for pause in work:
                yield pause
                if self.epoch != epoch or not self.up:
                    return
        self.loop.spawn(guarded(), after)

    def hex(self, digits=64):
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def uid(self, static=False):
        h = self.hex(32)
        return h if static else f"{h[:8]}-{h[8:12]}-4{h[13:16]}-{h[16:20]}-{h[20:]}"

    # --- the runtime

    def exit(self, pod, c, code):
        if c.state == "running":
            c.state, c.exited_at, c.code = "exited", round(self.loop.now, 6), code
            self.runtime.exited(c)

    def run(self, pod, c):
        c.state = "running"
        if c.lives is not None:
            def life():
                yield c.lives
                self.exit(pod, c, c.end_code)
            self.loop.spawn(life())

    def stop(self, pod, c, grace):
        """SIGTERM, SIGKILL after the grace; returns when the call does."""
        code, wait = (137, grace) if c.stop_after is None or c.stop_after > grace else (c.stop_code, c.stop_after)
        if not self.runtime.up:
            return NO_RUNTIME
        until, epoch = self.loop.now + wait, (self.epoch, self.runtime.starts)
        returns = (0.02, 0.12) if c.state == "running" else (0.001, 0.002)
        self.runtime.stop(c, grace)

        def signalled():
            yield wait
            if code != 137 or (self.epoch, self.runtime.starts) == epoch or self.runtime.kills_for_nobody:
                if code == 137 and c.state == "running":
                    self.runtime.kill(c)
                self.exit(pod, c, code)
        self.loop.spawn(signalled())
        try:
            while c.state == "running":
                yield 0.02 if self.loop.now >= until else max(0.02, min(until - self.loop.now, 0.1))
                if not self.runtime.up:
                    return RUNTIME_ENDED
            yield self.random.uniform(*returns)
        except GeneratorExit:
            self.runtime.not_stopped(c, "rpc error: code = Canceled desc = context canceled")
            raise
        self.runtime.stopped(c)
        return None

    # --- sources

    def create(self, pod):
        self.pods.append(pod)
        if not self.ready:
            return  # the first batch will name it
        pod.known = True
        self.say("sync", "loop.add", source="file" if pod.static else "api", pods=[pod.ref])
        self.go(self.worker(pod, first=True))

    def watch(self, pod, what):
        """What the API server did reaches the kubelet."""
        def arrive():
            yield self.random.uniform(0.003, 0.03)
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

    def after(self, pause, what):
        yield pause
        if self.up:
            what()

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
        pod.idle = not any(c.state == "running" for c in pod.containers)
        for c in pod.containers:
            if c.state == "exited" and not pod.cut and pod.terminated_at is None:
                c.kills = []  # they belong to the pod's life
        if pod.syncing:
            self.say("sync", "pw.cancel.2", workType=1, **self.of_pod(pod))

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
                self.say(me, "pw.event.2", updateType=0, **self.of_pod(pod))
                self.say(me, "sync.enter.2", **self.of_pod(pod))
                self.say(me, "sync.exit.3", isTerminal=retold.Bare("true"), **self.of_pod(pod))
                self.say(me, "pw.natural.2", **self.of_uid(pod))
                pod.phase = "Succeeded"
                pod.trigger = "finished"
                pod.terminating = True
            if pod.phase == "Running" and not pod.terminating and pod.sandbox.relisted == "exited":
                yield from self.change_sandbox(pod, me)
            elif pod.phase == "Running" and pod.restarts and not pod.terminating:
                self.start_again(pod, me)
        yield from self.terminate(pod, me)
        yield from self.reclaim(pod, me)

    def start_again(self, pod, me):
        """At once, then in back-off."""
        for c in [one for one in pod.containers if one.kind == "app" and one.state == one.relisted == "exited"]:
            waits = 10 * 2 ** (c.attempt - 1) if c.attempt else 0
            if not self.runtime.up:
                continue
            if self.loop.now < c.exited_at + waits:
                if c.id not in self.backed_off:
                    self.backed_off.add(c.id)
                    self.say(me, "pw.err.2", err=f'failed to "StartContainer" for "{c.name}" with CrashLoopBackOff: "back-off {waits}s restarting failed container={c.name} pod={pod.name}_{pod.namespace}({pod.uid})"', **self.of_pod(pod))
                continue
            self.say(me, "pw.event.2", updateType=0, **self.of_pod(pod))
            self.say(me, "sync.enter.2", **self.of_pod(pod))
            self.say(me, "ctr.creating.2", containerType="container", container=c.name, pod=pod.ref)
            self.replace(pod, c)
            self.say(me, "sync.exit.3", isTerminal=retold.Bare("false"), **self.of_pod(pod))

    def change_sandbox(self, pod, me):
        """Somebody else ended it: what runs in it is killed, and starts again in another."""
        pod.syncing = True
        self.say(me, "pw.event.2", updateType=0, **self.of_pod(pod))
        self.say(me, "sync.enter.2", **self.of_pod(pod))
        self.say(me, "sbx.need.8", pod=pod.ref)
        self.say(me, "sbx.stopdead.3", pod=pod.ref)
        errors = yield from self.kill_pod(pod, me, pod.grace)
        if errors:
            yield from self.unless_ended(pod, self.random.uniform(10, 15))
        elif not pod.terminating:
            pod.earlier.append(pod.sandbox)
            pod.sandbox, pod.sandbox_gone_at = None, None
            pod.sandboxes += 1
            self.say(me, "sbx.creating.4", pod=pod.ref)
            yield from self.run_sandbox(pod, me)
            for c in [one for one in pod.containers if one.kind != "init"]:
                if not pod.terminating:
                    self.say(me, "ctr.creating.2", containerType="container" if c.kind == "app" else "init container", container=c.name, pod=pod.ref)
                    self.replace(pod, c)
                    yield self.random.uniform(0.05, 0.3)
        pod.syncing = False

    def run_sandbox(self, pod, me):
        yield from self.until_runtime()
        self.runtime.run_sandbox(pod)
        yield self.random.uniform(0.2, 0.5)
        pod.sandbox = Container("", self.hex(), "sandbox")
        self.run(pod, pod.sandbox)
        self.runtime.sandbox_runs(pod)
        self.say(me, "sbx.created.2", podSandboxID=pod.sandbox.id, pod=pod.ref)

    def until_runtime(self):
        while not self.runtime.up:
            yield 0.1

    def start(self, pod, me):
        yield self.random.uniform(0.001, 0.02)
        self.say(me, "pw.event.2", updateType=0, **self.of_pod(pod))
        self.say(me, "sync.enter.2", **self.of_pod(pod))
        self.say(me, "vm.waitmount", pod=pod.ref)
        yield self.random.uniform(0.05, 0.2)
        while pod.start_trouble == "attach":
            v = pod.volumes[0]
            self.failed_operation("reconciler", v.unique(pod.uid), "", 0.5, self.volume_text("Volume not attached according to node status", pod, v, pod.name, v.inner))
            yield from self.unless_ended(pod, self.random.uniform(0.5, 8))
            if pod.terminating:
                return
        while pod.start_trouble == "mount" and pod.volumes:
            v = pod.volumes[0]
            error = self.volume_text("MountVolume.SetUp failed", pod, v, pod.name, v.inner) + f': {v.plugin} "{v.name}" not found'
            self.failed_operation("reconciler", v.unique(pod.uid), pod.uid, 0.5, error)
            yield from self.unless_ended(pod, self.random.uniform(0.5, 8))
            if pod.terminating:
                return
        for v in pod.volumes:
            if v.mounted and v.plugin == "empty-dir":
                continue  # nothing to write again
            self.mount(pod, v)
        self.say(me, "vm.mounted", pod=pod.ref)
        if pod.sandbox:  # it ran before its kubelet did
            pod.phase = "Running"
            self.say(me, "sync.exit.3", isTerminal=retold.Bare("false"), **self.of_pod(pod))
            return
        self.say(me, "sbx.need.6", pod=pod.ref)
        self.say(me, "sbx.creating.4", pod=pod.ref)
        while pod.start_trouble == "sandbox":
            yield 0.3
            error = f'rpc error: code = Unknown desc = failed to setup network for sandbox "{self.hex()}": plugin type="bridge" failed (add): no addresses'
            self.runtime.run_sandbox(pod)
            self.runtime.sandbox_failed(pod, error)
            self.say(me, "ctr.create.rpc.4", err=error)
            self.say(me, "sbx.fail.4", err=error, pod=pod.ref)
            self.say(me, "sbx.fail.5", err=error, pod=pod.ref)
            self.say(me, "pw.err.2", err=f'failed to "CreatePodSandbox" for "{pod.name}_{pod.namespace}({pod.uid})" with CreatePodSandboxError: "{error}"', **self.of_pod(pod))
            yield from self.unless_ended(pod, self.random.uniform(10, 15))
            if pod.terminating:
                return
        yield from self.run_sandbox(pod, me)
        if pod.start_trouble == "pull":
            self.event(pod, "Normal", "Pulling", 'Pulling image "x/y:1"')
            while not pod.terminating:
                self.say(me, "pw.err.2", err=f'failed to "StartContainer" for "app" with ImagePullBackOff: "Back-off pulling image \\"x/y:1\\""', **self.of_pod(pod))
                yield from self.unless_ended(pod, self.random.uniform(10, 15))
            return
        for c in pod.containers:
            yield from self.until_runtime()
            if pod.terminating:
                return
            self.say(me, "ctr.creating.2", containerType="container" if c.kind == "app" else "init container", container=c.name, pod=pod.ref)
            self.runtime.create(pod, c)
            yield self.random.uniform(0.05, 0.3)
            self.run(pod, c)
            self.runtime.runs(c)
            if c.kind == "init":
                while c.state == "running" or c.relisted != "exited":
                    yield 0.1
                    if pod.terminating:
                        return
        pod.phase = "Running"
        self.say(me, "sync.exit.3", isTerminal=retold.Bare("false"), **self.of_pod(pod))

    def unless_ended(self, pod, seconds):
        until = self.loop.now + seconds
        while self.loop.now < until and not pod.terminating:
            yield 0.05

    def effective_grace(self, pod):
        if pod.override is not None:
            return pod.override
        if pod.delete_grace is not None:
            return max(pod.delete_grace, 1) if self.minor >= 27 else pod.delete_grace or pod.grace
        return pod.grace

    def terminate(self, pod, me):
        yield self.random.uniform(0.0001, 0.001)
        while pod.syncing:
            yield 0.01
        self.say(me, "pw.event.2", updateType=1, **self.of_pod(pod))
        self.say(me, "pw.observed.2", **self.of_uid(pod))
        while True:
            self.say(me, "ting.enter.2", **self.of_pod(pod))
            self.say(me, "st.generating.2", podIsTerminal=retold.Bare("false"), pod=pod.ref)
            if self.minor < 27:
                yield self.random.uniform(0, 0.3)
            grace = self.effective_grace(pod)
            if pod.trigger in ("finished", "deadline") and not pod.deleted:
                self.say(me, "ting.grace.2", gracePeriod="nil", **self.of_pod(pod))
                grace = pod.grace
            else:
                self.say(me, "ting.grace.1", gracePeriod=str(grace), **self.of_pod(pod))
                if pod.granted is None:
                    pod.granted = grace
            errors = yield from self.kill_pod(pod, me, grace)
            if not errors:
                break
            error = errors[0] if len(errors) == 1 else "[" + ", ".join(errors) + "]"
            if self.minor >= 31:
                self.say(me, "unhandled", err=error, logger="UnhandledError")
            else:
                self.raw(me, "E", error)
            self.say(me, "ting.exit.2", **self.of_pod(pod))
            self.say(me, "pw.err.2", err=error, **self.of_pod(pod))
            self.say(me, "pw.event.done.2", updateType=1, **self.of_pod(pod))
            yield self.random.choice((self.random.uniform(0.6, 1.3), self.random.uniform(10, 15)))
            self.say(me, "pw.event.2", updateType=1, **self.of_pod(pod))
        states = [(c.name, "exited", str(c.code), self.wall(c.exited_at, "T") + "Z") for c in pod.containers if c.state == "exited"]
        yield self.random.uniform(0.01, 0.1)
        self.say(me, "ting.post.j", containers=states, **self.of_pod(pod))
        self.say(me, "st.generating.2", podIsTerminal=retold.Bare("true"), pod=pod.ref)
        self.say(me, "ting.stopped", **self.of_pod(pod))
        self.say(me, "ting.exit.2", **self.of_pod(pod))
        at = self.say(me, "pw.termOK.2", **self.of_uid(pod))
        pod.terminated_at = pod.terminated_at or at
        pod.killed = True
        self.say(me, "pw.event.done.2", updateType=1, **self.of_pod(pod))
        if pod.phase == "Running" or pod.phase == "Pending":
            pod.phase = "Failed" if any(c.code for c in pod.containers if c.kind == "app") or not pod.sandbox else "Succeeded"

    def kill_pod(self, pod, me, grace, **more):
        running = [c for c in pod.containers if c.state == "running"]
        waits, errors, turns = len(running), [], {"apps": sum(c.kind == "app" for c in running)}
        for c in running:
            self.go(self.kill(pod, c, grace, errors, turns, **more))
        turns["left"] = waits
        while turns["left"]:
            yield 0.01
        if pod.sandbox and pod.sandbox_gone_at is None:
            yield self.random.uniform(0.01, 0.05)
            yield from self.stop_sandbox(pod, me, running, errors)
        elif pod.sandbox:
            self.stop_again(pod, pod.sandbox)
        for box in pod.earlier:
            if box.kind == "sandbox" and not box.removed:
                self.stop_again(pod, box)
        return errors

    def stop_sandbox(self, pod, me, running, errors):
        sandbox, up = pod.sandbox, self.runtime.up
        self.runtime.stop_sandbox(pod, sandbox)
        if up and self.runtime.network_goes_first:
            yield pod.cni_takes
        elif up:
            for c in running:  # the runtime does not leave them alone
                if c.state == "running" and not (pod.sandbox_fails and self.random.random() < 0.5):
                    self.runtime.kill(c)
                    self.exit(pod, c, 137)
        if up:
            self.exit(pod, sandbox, 0)
        if up and not self.runtime.network_goes_first:
            yield pod.cni_takes
        if not self.runtime.up:
            self.sandbox_not_stopped(pod, me, errors, RUNTIME_ENDED if up else NO_RUNTIME, "runtime_down")
        elif pod.sandbox_fails:
            pod.sandbox_fails -= 1
            text = f'rpc error: code = Unknown desc = failed to destroy network for sandbox "{sandbox.id}": plugin type="bridge" failed (delete): failed to delete endpoint'
            self.runtime.sandbox_not_stopped(sandbox, text.partition("desc = ")[2])
            self.sandbox_not_stopped(pod, me, errors, text, "cni_teardown")
        else:
            pod.sandbox_gone_at = self.loop.now
            self.runtime.sandbox_stopped(sandbox)

    def sandbox_not_stopped(self, pod, me, errors, text, reason):
        self.say(me, "sbx.stop.rpc.2", err=text, podSandboxID=pod.sandbox.id)
        self.say(me, "sbx.stop.fail.2", podSandboxID=[self.runtime.scheme, pod.sandbox.id])
        told = text.replace("\\", "\\\\").replace('"', '\\"')
        errors.append(f'failed to "KillPodSandbox" for "{pod.uid}" with KillPodSandboxError: "{told}"')
        pod.fail("stop_sandbox", reason)

    def stop_again(self, pod, box):
        self.runtime.stop_sandbox(pod, box)
        self.runtime.sandbox_stopped(box)

    def kill(self, pod, c, grace, errors, turns):
        me = f"kill {c.id}"
        yield self.random.uniform(0.0001, 0.002)
        self.event(pod, "Normal", "Killing", f"Stopping container {c.name}")
        override, left = grace, grace
        if self.minor >= SIDECARS_LAST:
            self.say(me, "kill.override.1", gracePeriod=str(override), **self.of_container(pod, c))
        if c.hook and left > 0 and c.hook_to is None:
            left -= yield from self.hook(pod, c, me, left)
        if self.minor >= SIDECARS_LAST and c.kind == "sidecar":
            begun = self.loop.now
            while turns["apps"] > 0 and self.loop.now - begun < left:
                yield 0.05
            left -= int(self.loop.now - begun)
        if self.minor < SIDECARS_LAST:
            left = override
            self.say(me, "kill.override.1", gracePeriod=str(override), **self.of_container(pod, c))
        else:
            left = max(left, 2)
        yield from self.kill_container(pod, c, me, left, errors)
        turns["left"] -= 1
        turns["apps"] -= c.kind == "app"

    def kill_container(self, pod, c, me, left, errors):
        c.kills.append((self.say(me, "kill.start", gracePeriod=str(left), **self.of_container(pod, c)), left))
        if c.kill_fails:
            c.kill_fails -= 1
            self.runtime.stop(c, left)
            yield left
            self.runtime.kill(c)
            yield 15
            self.runtime.not_stopped(c, "rpc error: code = DeadlineExceeded desc = an error occurs during waiting for container to be killed: context deadline exceeded")
            self.kill_failed(pod, c, me, left, errors, DEADLINE_EXCEEDED, "runtime_stop_timeout")
        elif error := (yield from self.stop(pod, c, left)):
            self.kill_failed(pod, c, me, left, errors, error, "runtime_down")
        else:
            self.say(me, "kill.done", **self.of_container(pod, c))

    def kill_failed(self, pod, c, me, left, errors, error, reason):
        self.say(me, "ctr.stop.rpc.2", err=error, containerID=c.id)
        self.say(me, "kill.fail", err=error, gracePeriod=str(left), **self.of_container(pod, c))
        self.say(me, "kill.fail2", err=error, **{**self.of_container(pod, c), "containerID": [self.runtime.scheme, c.id]})
        told = error.replace('"', '\\"')
        errors.append(f'failed to "KillContainer" for "{c.name}" with KillContainerError: "{told}"')
        pod.fail("stop_containers", reason)

    def hook(self, pod, c, me, grace):
        how, takes = c.hook
        at = self.say(me, "pre.start.2", **self.of_container(pod, c))
        c.hook_from = c.hook_from or at
        if how == "hangs" or takes > grace:
            yield grace
            c.hook_to = self.say(me, "pre.timeout.2", gracePeriod=str(grace), **self.of_container(pod, c))
            c.hook_outcome = "timeout"
            pod.fail("prestop", "prestop_timeout")
            return grace
        yield takes
        if how == "fails":
            self.say(me, "hook.fail.5" if self.minor >= 34 else "hook.fail.1", err="command '/bin/x' exited with 1: ", execCommand="[/bin/x]", containerName=c.name, pod=pod.ref, message="")
            self.say(me, "pre.fail.2", err="command '/bin/x' exited with 1: ", **self.of_container(pod, c))
            self.event(pod, "Warning", "FailedPreStopHook", f'Exec lifecycle hook ([/bin/x]) for Container "{c.name}" in Pod "{pod.name}_{pod.namespace}({pod.uid})" failed - error: command \'/bin/x\' exited with 1: , message: ""')
        c.hook_to = self.say(me, "pre.done.2", **self.of_container(pod, c))
        c.hook_outcome = "failed" if how == "fails" else "completed"
        return int(takes)

    # --- volumes and what is left

    def reclaim(self, pod, me):
        self.say(me, "pw.event.2", updateType=2, **self.of_pod(pod))
        mounted = [v for v in pod.volumes if v.mounted]
        for v in mounted:
            self.say("populator", "dsw.rm", volumeName=v.inner, **self.of_pod(pod))
        for v in mounted:
            self.go(self.unmount(pod, v), self.random.uniform(0.05, 0.3))
        relists = self.relists
        while self.relists == relists:
            yield 0.01
        self.say(me, "ted.enter.2", **self.of_pod(pod))
        yield from self.wait_for_unmount(pod, me, mounted)
        self.say(me, "ted.vol", **self.of_pod(pod))
        if self.minor >= 27:
            while any(v.mounted for v in mounted):
                self.say(me, "ted.volnotclean", **self.of_pod(pod))
                yield 0.1
            self.say(me, "ted.volpaths", **self.of_pod(pod))
        yield self.random.uniform(0.002, 0.05)
        at = self.say(me, "ted.cgroup", **self.of_pod(pod))
        pod.cgroup_at = pod.cgroup_at or at
        self.say(me, "ted.final", **self.of_pod(pod))
        self.say(me, "ted.exit.2", **self.of_pod(pod))
        pod.completed_at = self.say(me, "pw.complete.2", **self.of_uid(pod))
        pod.done = True
        self.say(me, "pw.event.done.2", updateType=2, **self.of_pod(pod))
        self.say(me, "pw.stopped", podUID=pod.uid)
        self.go(self.status(pod, mounted))

    def status(self, pod, mounted):
        me = "status"
        yield self.random.uniform(0.003, 0.1) if self.minor >= 27 else self.random.uniform(0.1, 3)
        while any(v.mounted for v in mounted):
            self.say(me, "rec.vol", pod=pod.ref)
            yield self.random.uniform(1, 8)
        while not pod.deleted:  # its object stays until somebody deletes it
            yield 1.0
        if not pod.exists or not pod.known:
            return
        self.say(me, "sm.patch.4", patch='{"metadata":{"uid":"' + pod.uid + '"}}', **self.of_pod(pod))
        name = "sm.finished" if self.minor >= 27 else "rec.done"
        more = {"phase": pod.phase, "localPhase": pod.phase} if self.minor >= 27 else {}
        pod.reclaimed_at = self.say(me, name, pod=pod.ref, podUID=pod.uid, **more)
        yield self.random.uniform(0.003, 0.02)
        pod.exists = pod.finalizer
        self.tell_of(pod, not pod.finalizer)
        yield self.random.uniform(0.003, 0.02)
        self.say(me, "sm.removed.2", pod=pod.ref)

    def forget(self, pod):
        while not pod.done:
            yield 0.2
        yield self.random.uniform(0.1, 2)
        self.say("housekeeping", "pw.rm.history", podUID=pod.uid)
        pod.forgotten = True
        self.say("housekeeping", "kv.orphan.3", podUID=pod.uid, path=f"/var/lib/kubelet/pods/{pod.uid}/volumes")

    # --- PLEG

    def pleg(self):
        while True:
            changes = []
            for pod in self.pods if self.runtime.up else ():  # else a relist fails
                for c in pod.all_containers():
                    state = "non-existent" if c.removed or c.state == "created" else c.state
                    if c.relisted != state:
                        changes.append((pod, c, c.relisted, state))
                        c.relisted = state
            for pod, c, old, new in changes:
                self.say("pleg", "pleg.trans.2", podUID=pod.uid, containerID=c.id, oldState=old, newState=new)
            events = []
            for pod, c, old, new in changes:
                if old != "exited":
                    events.append((pod, c, "ContainerStarted" if new == "running" else "ContainerDied"))
                if new == "exited" and c is not pod.sandbox:
                    self.say("pleg", "pleg.finished", podID=pod.uid, containerID=c.id, exitCode=str(c.code))
            self.relists += self.runtime.up
            if events:
                self.turn += 1
                self.go(self.deliver(events, self.turn), self.random.uniform(0, 0.002) + self.random.random() * self.busy)
            yield RELIST + self.random.uniform(0, 0.05) + self.random.random() * self.busy

    def deliver(self, events, turn):
        while self.delivered != turn - 1:
            yield 0.001
        self.delivered = turn
        for pod, c, what in events:
            if pod.known:
                self.say("sync", "loop.pleg", pod=pod.ref, event=[pod.uid, what, c.id])
            else:
                self.say("sync", "loop.pleg.ignored", event=[pod.uid, what, c.id])
            self.relisted(pod)
            if what == "ContainerDied":
                self.clean_up(pod, c)
        yield 0.0

    def relisted(self, pod):
        """The sync loop has seen that one of its containers changed."""

    def clean_up(self, pod, died):
        """What a container leaves behind: all of a pod that is deleted or evicted and killed, else but one of that name."""
        if self.to_be_removed(pod):
            self.remove_containers(pod, [c for c in pod.all_containers() if c.relisted == "exited"])
        elif died.kind == "sandbox":
            self.say("sync", "pleg.notfound.2", containerID=died.id)
        else:
            self.remove_containers(pod, [c for c in pod.earlier if c.name == died.name and c is not died])

    def to_be_removed(self, pod):
        return pod.evicted or pod.forgotten or ((pod.deleted or pod.shut_down or not pod.known) and pod.killed)

    def remove_containers(self, pod, containers):
        for c in containers:
            if c.kind != "sandbox" and c.state == "exited" and not c.removed:
                c.removed = True
                self.go(self.remove_container(c), self.random.uniform(0.0005, 0.01))

    def remove_container(self, c):
        self.raw("deletor", "I", f'"RemoveContainer" containerID="{c.id}"')
        self.runtime.remove(c)
        yield 0.0

    def collect_garbage(self):
        while True:
            yield 60
            for pod in self.pods:
                self.remove_containers(pod, pod.all_containers() if self.to_be_removed(pod) else [])
            yield 0.05
            for pod in self.pods:
                for box in [one for one in pod.all_containers() if one.kind == "sandbox" and not one.removed and one.state == "exited"]:
                    held = any(c.within == box.id and not c.removed for c in pod.all_containers() if c.kind != "sandbox" and c.within)
                    if not held and (box is not pod.sandbox or (self.to_be_removed(pod) and pod.sandbox_gone_at is not None)):
                        box.removed = True
                        self.runtime.remove_sandbox(pod, box)

    # --- other ends

    def raw(self, who, severity, text):
        """A printf line that stands as it is."""
        return self.say(who, None, severity=severity, text=text)

    def evict(self, pod, grace):
        if not self.ready:
            return
        self.say("eviction", "ev.all.10", resourceName="memory")
        self.say("eviction", "ev.all.12", resourceName="memory")
        self.say("eviction", "ev.all.15", pods=[pod.ref])
        self.event(pod, "Warning", "Evicted", "The node was low on resource: memory. ")
        at = self.say("eviction", "ev.all.22", message="The node was low on resource: memory. ", **self.of_pod(pod))
        pod.trigger, pod.requested_at = "eviction", at
        pod.override, pod.evicted = grace, True
        self.say("eviction", "pw.evict.2", updateType="kill", **self.of_pod(pod))
        self.begin_end(pod)
        patience = self.loop.now + max(grace * 1.5, 10)

        def wait():
            while not pod.killed and self.loop.now < patience:
                yield 0.01
            if pod.killed:
                self.say("eviction", "ev.all.24", pod=pod.ref)
            else:
                self.say("eviction", "ev.all.23", err="timeout waiting to kill pod", pod=pod.ref)
            yield 1.0
            self.say("eviction", "ev.all.18", pods=[pod.ref])
        self.go(wait())

    def preempt(self, pod):
        if not self.ready:
            return
        self.event(pod, "Warning", "Preempting", "Preempted in order to admit critical pod")
        self.say("sync", "pr.all.4" if self.minor >= 34 else "pr.all.1", insufficientResources="[(res: cpu, q: 100), ]", requestingPod="kube-system/crit", **self.of_pod(pod))
        pod.trigger, pod.requested_at, pod.evicted = "preemption", self.loop.now, True
        self.say("sync", "pw.evict.2", updateType="kill", **self.of_pod(pod))
        self.begin_end(pod)

        def wait():
            while not pod.killed:
                yield 0.01
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
                while not pod.killed:
                    yield 0.01
                self.say(me, "sd.all.8", pod=pod.ref)
            if pod.known and not pod.terminating:
                self.go(kill())

    def past_deadline(self, pod):
        if not self.ready:
            return
        self.event(pod, "Normal", "DeadlineExceeded", "Pod was active on the node longer than the specified deadline")
        me = f"worker {pod.uid}"
        pod.trigger, pod.requested_at = "deadline", self.loop.now
        self.say(me, "pw.event.2", updateType=0, **self.of_pod(pod))
        self.say(me, "sync.enter.2", **self.of_pod(pod))
        self.say(me, "sync.exit.3", isTerminal=retold.Bare("true"), **self.of_pod(pod))
        self.say(me, "pw.natural.2", **self.of_uid(pod))
        pod.phase = "Failed"
        pod.terminating = True

    def probe_kill(self, pod, c, kind="liveness"):
        if not self.ready:
            return
        """A container that is restarted; the pod lives on."""
        me = f"worker {pod.uid}"

        def restart():
            self.say("sync", "loop.probe", probe=kind, status="unhealthy", pod=pod.ref)
            self.say(me, "ctr.message.2", containerName=c.name, containerStatusID=f"containerd://{c.id}", pod=pod.ref, containerMessage=f"Container {c.name} failed {kind} probe, will be restarted")
            left = pod.grace
            self.event(pod, "Normal", "Killing", f"Container {c.name} failed {kind} probe, will be restarted")
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

    def replace(self, pod, c):
        """Another run of that container."""
        again = dataclasses.replace(c, id=self.hex(), state="created", exited_at=None, code=None, relisted="non-existent", kills=[], hook_from=None, hook_to=None, hook_outcome=None, hook_ends=[], attempt=c.attempt + 1, removed=False)
        pod.containers[pod.containers.index(c)] = again
        pod.earlier.append(c)
        self.runtime.create(pod, again)
        self.run(pod, again)
        self.runtime.runs(again, after=0.05)

    def remove_file(self, pod):
        """A static pod's manifest goes."""
        pod.trigger = "static_removed"
        pod.exists = False
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

    def boot(self):
        """The node's: its containers went with it, which their runtime finds when it starts."""
        for c in [one for pod in self.pods for one in pod.all_containers() if one.state == "running"]:
            c.state, c.exited_at, c.code = "exited", round(self.loop.now, 6), 255

    def end(self):
        for pod in self.pods:
            pod.cut = pod.cut or (pod.terminating and not pod.done)
        self.up = self.ready = False
        self.epoch += 1

    # --- the log

    def wall(self, t, between=" "):
        return (START + datetime.timedelta(microseconds=round(t * 1e6))).isoformat(between, "microseconds")

    def last_stamp(self, verbosity):
        """Of all lines, the runtime's too."""
        own = [at for _, _, at, name, _, _ in self.said if name is None or row(name).level <= verbosity]
        return max(own + [at for at, *_ in self.runtime.said])

    def printed(self, verbosity, face=retold.Teller):
        """[(stamp, process id, line)]"""
        said = []
        for key, order, at, name, values, pid in sorted(self.said, key=lambda one: one[:2]):
            stamp = START + datetime.timedelta(microseconds=round(at * 1e6))
            head = f"I{stamp:%m%d %H:%M:%S.%f} {pid:7d} kubelet.go:{100 + len(name or '')}] "
            if name is None:
                said.append(retold.Said(values["severity"] + head[1:], values["text"], 0))
            else:
                said.append(retold.Said(head, values.get(retold.VOLUMES_MESSAGE, ""), row(name).level, row(name), values))
            said[-1].origin = at, pid
        return [(*one.origin, line) for one, level, line in retold.each_retold(said, self.minor, face) if level <= verbosity]

    def lines(self, verbosity, face=retold.Teller):
        return [line for _, _, line in self.printed(verbosity, face)]
