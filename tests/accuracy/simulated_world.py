# SPDX-License-Identifier: Apache-2.0
"""Which pods a simulated kubelet (simulated_kubelet.py) has, and what befalls them. A new case is a method, case_NAME."""
import random

from simulated_kubelet import Container, Kubelet, Pod
from simulated_kubelet_before_122 import KubeletBefore122
from simulated_volumes import ANY_VOLUME, KINDS, Volume, VolumeCases

POD_WORKERS = 22  # since when a pod has a worker
GRACEFUL_SHUTDOWN = 21


class World(VolumeCases):
    """Which pods there are, and what befalls them."""

    def __init__(self, seed, first_minor, last_minor):
        self.random = r = random.Random(seed)
        self.minor = r.randint(first_minor, last_minor)
        self.busy = r.choice([0, 0, 0, 0.5, 3])
        self.kubelet = (Kubelet if self.minor >= POD_WORKERS else KubeletBefore122)(seed, self.minor, self.busy)
        self.length = r.choice([60, 200, 400])
        self.names = 0
        self.kubelet.begin()
        workers = self.minor >= POD_WORKERS
        if seed % 2:
            self.kubelet.loop.spawn(self.reboot() if seed % 7 == 0 and workers else self.restart(), r.uniform(5, self.length * 0.6))
        if seed % 5 == 0 and workers:
            self.kubelet.loop.spawn(self.kubelet.runtime.restart(r.choice([0.3, 2, 15])), r.uniform(5, self.length * 0.6))
        cases = [name for name in dir(self) if name.startswith("case_") and (workers or name not in vars(VolumeCases))]
        for _ in range(r.randrange(1, 12)):
            self.kubelet.loop.spawn(getattr(self, r.choice(cases))(), r.uniform(2, self.length / 2))

    def restart(self):
        self.kubelet.end()
        yield self.random.choice([0.5, 3, 20])
        self.kubelet.begin()

    def reboot(self):
        self.kubelet.end()
        yield self.random.choice([15, 40])
        self.kubelet.boot()
        yield 2
        self.kubelet.begin()

    def run(self):
        self.kubelet.loop.run(self.length)

    def pod(self, case, **more):
        r, k = self.random, self.kubelet
        self.names += 1
        containers = []
        if r.random() < 0.2:
            containers.append(Container("init", k.hex(), "init", lives=r.uniform(0.2, 2)))
        for i in range(r.choice([1, 1, 1, 2, 3])):
            stop = r.choice([0.05, r.uniform(0.1, 1), r.uniform(1, 12), None])
            containers.append(Container(f"app{i}", k.hex(), "app", stop_after=stop, stop_code=r.choice([0, 0, 143, 1])))
            if r.random() < 0.2:
                containers[-1].hook = (r.choice(["ok", "ok", "fails", "hangs"]), r.uniform(0.1, 7))
        if self.minor >= 28 and r.random() < 0.15:
            containers.append(Container("sidecar", k.hex(), "sidecar", stop_after=r.choice([0.1, 2, None])))
        volumes = [Volume(name, kind) for kind, name in KINDS.items() if r.random() < 0.6]
        pod = Pod(f"ns-{r.randrange(3)}", f"{case}-{self.names}", k.uid(), containers, volumes, grace=r.choice([1, 5, 30, 30, 30, 60]), case=case,
                  cni_takes=r.choice([0.05, 0.2, r.uniform(0.5, 6)]))
        for key, value in more.items():
            setattr(pod, key, value)
        return pod

    def started(self, pod):
        self.kubelet.create(pod)
        while pod.phase != "Running" or any(c.relisted == "non-existent" for c in pod.all_containers()):
            yield 0.1
        yield self.random.uniform(0.5, 10) + 2 * self.busy

    def case_plain(self):
        pod = self.pod("plain")
        yield from self.started(pod)
        self.kubelet.delete(pod)

    def case_forced(self):
        pod = self.pod("forced")
        yield from self.started(pod)
        self.kubelet.delete(pod, 0)

    def case_shortened(self):
        pod = self.pod("shortened", grace=60)
        yield from self.started(pod)
        self.kubelet.delete(pod)
        yield self.random.uniform(1.2, 10)
        self.kubelet.delete(pod, self.random.choice([0, 5]))

    def case_evicted(self):
        pod = self.pod("evicted")
        yield from self.started(pod)
        self.kubelet.evict(pod, self.random.choice([0, 1, 30]))
        if self.random.random() < 0.5:
            yield self.random.uniform(20, 60)
            if pod.phase in ("Failed", "Succeeded"):
                self.kubelet.delete(pod)

    def case_preempted(self):
        pod = self.pod("preempted")
        yield from self.started(pod)
        self.kubelet.preempt(pod)

    def case_deadline(self):
        pod = self.pod("deadline")
        yield from self.started(pod)
        yield 6 + 3 * self.busy
        self.kubelet.past_deadline(pod)
        if self.random.random() < 0.5:
            yield self.random.uniform(40, 90)
            self.kubelet.delete(pod)

    def case_job(self):
        pod = self.pod("job")
        for c in pod.containers:
            if c.kind == "app":
                c.lives, c.hook = self.random.uniform(1, 8), None
        pod.containers = [c for c in pod.containers if c.kind != "sidecar"]
        yield from self.started(pod)
        yield self.random.uniform(8, 30)
        if pod.phase == "Succeeded":
            self.kubelet.delete(pod)

    def case_crashed(self):
        pod = self.pod("crashed")
        for c in pod.containers:
            if c.kind == "app":
                c.lives, c.end_code = self.random.uniform(1, 3), 1
        yield from self.started(pod)
        yield self.random.uniform(3, 10)
        self.kubelet.delete(pod)

    def case_crash_loop(self):
        pod = self.pod("crash-loop", restarts=True)
        for c in pod.containers:
            if c.kind == "app":
                c.lives, c.end_code = self.random.uniform(0.5, 6), self.random.choice([0, 1])
        yield from self.started(pod)
        yield self.random.uniform(3, 60)
        self.kubelet.delete(pod)

    def case_sandbox_dies(self):
        pod = self.pod("sandbox-dies")
        for c in pod.containers:
            c.hook = None
        yield from self.started(pod)
        self.kubelet.exit(pod, pod.sandbox, 137)
        yield self.random.choice([self.random.uniform(0, 6), self.random.uniform(30, 90)])
        self.kubelet.delete(pod)

    def case_pending(self):
        pod = self.pod("pending", start_trouble=self.random.choice(["mount", "sandbox", "pull"]))
        self.kubelet.create(pod)
        yield self.random.uniform(0.3, 30)
        self.kubelet.delete(pod)

    def case_cni_fails(self):
        pod = self.pod("cni-fails", sandbox_fails=self.random.randrange(1, 6))
        yield from self.started(pod)
        self.kubelet.delete(pod)

    def case_kill_fails(self):
        pod = self.pod("kill-fails")
        self.random.choice(pod.containers).kill_fails = self.random.randrange(1, 3)
        yield from self.started(pod)
        self.kubelet.delete(pod)

    def case_volume_fails(self):
        pod = self.pod("volume-fails")
        for v in pod.volumes:
            v.troubles, v.takes = [ANY_VOLUME[0]] * self.random.choice([0, 0, 3, 8]), self.random.choice([0.01, 0.1, 20])
        yield from self.started(pod)
        self.kubelet.delete(pod)

    def case_finalizer(self):
        pod = self.pod("finalizer", finalizer=True)
        yield from self.started(pod)
        self.kubelet.delete(pod)

    def case_statefulset(self):
        pod = self.pod("stateful")
        yield from self.started(pod)
        self.kubelet.delete(pod)
        while pod.removed_at is None:
            yield 0.002
        again = self.pod("stateful", name=pod.name, namespace=pod.namespace)
        yield from self.started(again)
        self.kubelet.delete(again, self.random.choice([None, 0]))

    def case_static(self):
        pod = self.pod("static", static=True)
        pod.uid = self.kubelet.uid(static=True)
        yield from self.started(pod)
        self.kubelet.remove_file(pod)

    def case_probed(self):
        pod = self.pod("probed")
        yield from self.started(pod)
        self.kubelet.probe_kill(pod, self.random.choice([c for c in pod.containers if c.kind == "app"]))
        yield self.random.uniform(0.01, 40)
        self.kubelet.delete(pod)

    def many(self, case, count):
        pods = [self.pod(case) for _ in range(count)]
        for pod in pods:
            self.kubelet.create(pod)
        yield 20
        return pods

    def case_drain(self):
        if self.random.random() < 0.7:
            return
        pods = yield from self.many("drained", 20)
        for pod in pods:
            self.kubelet.delete(pod)

    def case_shutdown(self):
        if self.random.random() < 0.8 or self.minor < GRACEFUL_SHUTDOWN:
            return
        pods = yield from self.many("shutdown", 4)
        self.kubelet.shutdown(pods, self.random.choice([10, 30]))
