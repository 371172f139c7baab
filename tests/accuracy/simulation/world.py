# SPDX-License-Identifier: Apache-2.0
"""A simulated kubelet with its pods: a seed chooses the minor, how busy it is, what of it restarts, and the cases (cases.py, volume_cases.py)."""
import random

from simulation.cases import Cases
from simulation.kubelet import Kubelet
from simulation.kubelet_before_122 import KubeletBefore122
from simulation.loop import START
from simulation.pod import Container, Pod
from simulation.volume_cases import VolumeCases
from simulation.volumes import Volume

POD_WORKERS = 22  # since when a pod has a worker
KINDS = {"configmap": "config", "secret": "creds", "empty-dir": "cache", "projected": "kube-api-access-x7k2p"}


def seeds_of(text):
    """FROM-TO, or one"""
    first, _, last = text.partition("-")
    return range(int(first), int(last or first) + 1)


class World(Cases, VolumeCases):
    def __init__(self, seed, first_minor, last_minor, start=START, clock_is_set=False):
        self.random = r = random.Random(seed)
        self.minor = r.randint(first_minor, last_minor)
        self.busy = r.choice([0, 0, 0, 0.5, 3])
        self.kubelet = (Kubelet if self.minor >= POD_WORKERS else KubeletBefore122)(seed, self.minor, self.busy, start)
        self.length = r.choice([60, 200, 400])
        self.names = 0
        self.kubelet.begin()
        workers = self.minor >= POD_WORKERS
        if seed % 2:
            self.kubelet.loop.spawn(self.reboot() if seed % 7 == 0 and workers else self.restart(), r.uniform(5, self.length * 0.6))
        if seed % 5 == 0 and workers:
            self.kubelet.loop.spawn(self.kubelet.runtime.restart(r.choice([0.3, 2, 15, 70])), r.uniform(5, self.length * 0.6))
        if clock_is_set:
            self.kubelet.loop.spawn(self.clock(random.Random(f"clock {seed}")))
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

    def clock(self, r):
        """An NTP client sets it."""
        for _ in range(r.choice([1, 1, 3])):
            yield r.uniform(5, self.length * 0.6)
            self.kubelet.loop.set_clock(r.choice([-400, -90, -20, -3, 3, 20, 90, 400]) + round(r.uniform(-0.5, 0.5), 6))

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

    def running(self, case, **more):
        pod = self.pod(case, **more)
        yield from self.started(pod)
        return pod

    def started(self, pod):
        self.kubelet.create(pod)
        while pod.phase != "Running" or any(c.relisted == "non-existent" for c in pod.all_containers()):
            yield 0.1
        yield self.random.uniform(0.5, 10) + 2 * self.busy
