# SPDX-License-Identifier: Apache-2.0
"""What befalls a world's pods. A new case is a method, case_NAME; what befalls volumes is in volume_cases.py."""
from simulation.volume_troubles import ANY_VOLUME

GRACEFUL_SHUTDOWN = 21


class Cases:
    """A part of the world."""

    def case_plain(self):
        pod = yield from self.running("plain")
        self.kubelet.delete(pod)

    def case_forced(self):
        pod = yield from self.running("forced")
        self.kubelet.delete(pod, 0)

    def case_shortened(self):
        pod = yield from self.running("shortened", grace=60)
        self.kubelet.delete(pod)
        yield self.random.uniform(1.2, 10)
        self.kubelet.delete(pod, self.random.choice([0, 5]))

    def case_evicted(self):
        pod = yield from self.running("evicted")
        self.kubelet.evict(pod, self.random.choice([0, 1, 30]))
        if self.random.random() < 0.5:
            yield self.random.uniform(20, 60)
            if pod.phase in ("Failed", "Succeeded"):
                self.kubelet.delete(pod)

    def case_preempted(self):
        pod = yield from self.running("preempted")
        self.kubelet.preempt(pod)

    def case_deadline(self):
        pod = yield from self.running("deadline")
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
        pod = yield from self.running("cni-fails", sandbox_fails=self.random.randrange(1, 6))
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
        pod = yield from self.running("finalizer", finalizer=True)
        self.kubelet.delete(pod)

    def case_statefulset(self):
        pod = yield from self.running("stateful")
        self.kubelet.delete(pod)
        while pod.removed_at is None:
            yield 0.002
        again = yield from self.running("stateful", name=pod.name, namespace=pod.namespace)
        self.kubelet.delete(again, self.random.choice([None, 0]))

    def case_static(self):
        pod = self.pod("static", static=True)
        pod.uid = self.kubelet.uid(static=True)
        yield from self.started(pod)
        self.kubelet.remove_file(pod)

    def case_probed(self):
        pod = yield from self.running("probed")
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
