#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A made-up kubelet at -v 5, as long and as busy as wanted, with an oracle beside it: what must be measured.

Seeded: the same arguments give the same lines. Shapes are those of recorded 1.2x kubelets; 15 % of the lines tell of
lifecycles, the rest is what else a kubelet prints.

  kubelet_log.py --lines 1000000 --out big.log        writes big.log and big.log.oracle.json
"""
import argparse
import datetime
import heapq
import itertools
import json
import random

UTC = datetime.timezone.utc
START = datetime.datetime(2026, 11, 23, 10, 0, 0, tzinfo=UTC)


class Bare(str):
    """A value that klog prints without quotes."""


class Pod(str):
    """namespace/name"""

    def json(self):
        namespace, name = self.split("/")
        return {"name": name, "namespace": namespace}


class Built(str):
    """A message that klog.Infof printed: no quotes around it, and no fields."""


def in_text(value):
    if isinstance(value, dict):  # %+v of a struct's address
        return "&{" + " ".join(f"{key}:{one}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + " ".join(map(str, value)) + "]"
    return str(value) if isinstance(value, (Bare, int, float)) else json.dumps(value)


def in_json(value):
    if isinstance(value, list):
        return [in_json(one) for one in value]
    return value.json() if isinstance(value, Pod) else value


# What else a kubelet prints, as (file, message, fields), made anew for a pod with its UID.
def mount_of(pod, uid, n):
    name = pod.split("/")[1]
    volume = f'volume "config-{n}" (UniqueName: "kubernetes.io/configmap/{uid}-config-{n}") pod "{name}" (UID: "{uid}") '
    return "reconciler.go:266", f"Starting operationExecutor.MountVolume for {volume}", {"pod": Pod(pod)}


FILLER = [
    mount_of,
    mount_of,
    lambda pod, uid, n: ("prober.go:178", "Probe succeeded", {"probeType": "Readiness", "pod": Pod(pod), "podUID": Bare(uid), "containerName": "app"}),
    lambda pod, uid, n: ("http.go:82", "Probe succeeded", {"probeType": "Liveness", "url": f"http://10.244.0.{n}:8080/healthz", "httpCode": 200, "headers": f"Content-Type=[application/json] Date=[Mon, 23 Nov 2026 10:00:{n % 60:02d} GMT]"}),
    lambda pod, uid, n: ("kubelet_getters.go:176", "Pod status updated", {"pod": Pod(pod), "status": "Running"}),
    lambda pod, uid, n: ("setters.go:333", "Updating node status", {"node": "node-1", "attempt": n, "conditions": ["Ready", "MemoryPressure", "DiskPressure"]}),
    lambda pod, uid, n: ("factory.go:270", f'Factory "raw" can handle container "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{uid}.slice", but ignoring', {"n": n}),
    lambda pod, uid, n: ("volume_stat_calculator.go:114", "Volume stats", {"pod": Pod(pod), "used": Bare(f"{n}Mi"), "inodes": n, "path": f"/var/lib/kubelet/pods/{uid}/volumes/kubernetes.io~empty-dir/cache"}),
]


class Kubelet:
    """Yields (seconds since `start`, line) in the order of time, without end. `oracle` grows with what was yielded."""

    def __init__(self, seed=1, lines_per_second=500, event_share=0.15, start=START, pid=4321, form="text"):
        self.random = random.Random(seed)
        self.start = start
        self.pid = pid
        self.form = form
        self.step = 1 / lines_per_second
        # A life of some 28 event lines among the others.
        self.new_pod = event_share / 28
        self.oracle = {"lines": 0, "deleted": 0, "terminated": 0, "removed": 0, "seconds": 0.0}
        self.pending = []  # (due, order, what, line)
        self.order = 0
        self.names = []
        self.pods = 0
        self.seconds_of = {}  # from DELETE to terminated, by UID
        self.ends = {}  # by order: of whom a line tells the end

    def line(self, t, file, message, fields, level):
        at = self.start + datetime.timedelta(microseconds=round(t * 1e6))
        if self.form == "json":
            micros = (at - datetime.datetime(1970, 1, 1, tzinfo=UTC)) // datetime.timedelta(microseconds=1)
            stamp = f"{micros // 1000}.{micros % 1000:03d}".rstrip("0").rstrip(".")
            text = str(message) + ("\n" if isinstance(message, Built) else "")
            rest = {key: in_json(value) for key, value in fields.items()}
            inside = json.dumps({"caller": f"kubelet/{file}", "msg": text, "v": level, **rest}, separators=(",", ":"))
            return f'{{"ts":{stamp},{inside[1:]}'
        text = str(message) if isinstance(message, Built) else json.dumps(message)
        tail = "".join(f" {key}={in_text(value)}" for key, value in fields.items())
        return f"I{at:%m%d %H:%M:%S.%f} {self.pid:7d} {file}] {text}{tail}"

    def hex(self, digits):
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def begin_life(self, t):
        r = self.random
        self.pods += 1
        pod = Pod(f"ns-{r.randrange(40)}/web-{self.pods}")
        name = pod.split("/")[1]
        h = self.hex(32)
        uid = f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
        app, sandbox, grace = self.hex(64), self.hex(64), 30
        self.names.append((pod, uid))
        if len(self.names) > 500:
            self.names.pop(0)
        of_pod = {"pod": pod, "podUID": Bare(uid) if self.form == "text" else uid}
        of_app = {**of_pod, "containerName": "app", "containerID": f"containerd://{app}"}
        unique = f"kubernetes.io/projected/{uid}-kube-api-access"
        of_volume = f'for volume "kube-api-access" (UniqueName: "{unique}") pod "{name}" (UID: "{uid}") '
        from_api = {"source": "api", "pods": [pod]}

        def say(after, file, message, fields, level=2, what=""):
            nonlocal t
            t = round(t + after, 6)
            self.order += 1
            if what == "terminated":
                self.ends[self.order] = uid
            heapq.heappush(self.pending, (t, self.order, what, (file, message, fields, level)))
            return t

        def pleg(after, kind, what):
            say(after, "kubelet.go:2128", "SyncLoop (PLEG): event for pod", {"pod": pod, "event": {"ID": uid, "Type": kind, "Data": what}})

        say(0, "kubelet.go:2092", "SyncLoop ADD", from_api)
        say(0.01, "reconciler.go:238", f"operationExecutor.VerifyControllerAttachedVolume started {of_volume}", {"pod": pod}, 0)
        say(0.2, "operation_generator.go:756", f"MountVolume.SetUp succeeded {of_volume}", {"pod": pod}, 1)
        say(0.6, "kuberuntime_manager.go:484", "No sandbox for pod can be found. Need to start a new one", {"pod": pod})
        pleg(0.8, "ContainerStarted", sandbox)
        pleg(0.5, "ContainerStarted", app)
        deleted = say(r.uniform(2, 20), "kubelet.go:2108", "SyncLoop DELETE", from_api, 2, "deleted")
        say(0.0004, "pod_workers.go:625", "Pod is being synced for the first time", of_pod, 4)
        say(0.0002, "pod_workers.go:727", "Pod is marked for graceful deletion, begin teardown", {**of_pod, "updateType": Bare("update")}, 4)
        say(0.0003, "kubelet.go:1767", "syncTerminatingPod enter", of_pod, 4)
        say(0.0003, "kubelet.go:1780", "Pod terminating with grace period", {**of_pod, "gracePeriod": grace}, 4)
        say(0.0005, "kuberuntime_container.go:719", "Killing container with a grace period", {**of_app, "gracePeriod": grace})
        say(r.choice((r.uniform(0.02, 0.6), r.uniform(0.5, 12), 30.2)), "kuberuntime_container.go:736", "Container exited normally", of_app, 3)
        terminated = say(r.uniform(0.1, 0.6), "kubelet.go:1822", "Pod terminated all containers successfully", of_pod, 4, "terminated")
        self.seconds_of[uid] = round(terminated - deleted, 6)
        say(0.0004, "kubelet.go:1842", "syncTerminatingPod exit", of_pod, 4)
        say(0.0002, "pod_workers.go:931", "Pod terminated all containers successfully", of_pod, 4)
        say(0.1, "reconciler.go:211", f'operationExecutor.UnmountVolume started for volume "kube-api-access" (UniqueName: "{unique}") pod "{uid}" (UID: "{uid}") ', {}, 0)
        say(r.uniform(0.01, 0.2), "operation_generator.go:889", Built(f'UnmountVolume.TearDown succeeded for volume "{unique}" (OuterVolumeSpecName: "kube-api-access") pod "{uid}" (UID: "{uid}"). InnerVolumeSpecName "kube-api-access". PluginName "kubernetes.io/projected", VolumeGidValue ""'), {}, 0)
        say(0.3, "generic.go:296", "Generic (PLEG): container finished", {"podID": of_pod["podUID"], "containerID": app, "exitCode": 0})
        pleg(0.0001, "ContainerDied", app)
        pleg(0.0001, "ContainerDied", sandbox)
        say(0.05, "kubelet.go:1911", "Pod termination removed cgroups", of_pod, 4)
        say(0.001, "pod_workers.go:978", "Pod is complete and the worker can now stop", of_pod, 4)
        say(0.05, "kubelet.go:2108", "SyncLoop DELETE", from_api)
        say(0.001, "kubelet.go:2102", "SyncLoop REMOVE", from_api, 2, "removed")

    def __iter__(self):
        t = 0.0
        while True:
            if self.random.random() < self.new_pod:
                self.begin_life(t)
            due = self.pending and self.pending[0][0] <= t
            if due:
                at, order, what, line = heapq.heappop(self.pending)
                if what:
                    self.oracle[what] += 1
                if what == "terminated":
                    self.oracle["seconds"] += self.seconds_of.pop(self.ends.pop(order))
            else:
                pod, uid = self.random.choice(self.names) if self.names else ("kube-system/dns", "0" * 8)
                at = t
                line = (*self.random.choice(FILLER)(pod, uid, self.random.randrange(250)), 5)
                t += self.step
            self.oracle["lines"] += 1
            yield at, self.line(at, *line)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=500, help="lines a second of the log's own time")
    parser.add_argument("--form", choices=("text", "json"), default="text")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    kubelet = Kubelet(arguments.seed, arguments.rate, form=arguments.form)
    with open(arguments.out, "w", encoding="utf-8") as out:
        for _, line in itertools.islice(kubelet, arguments.lines):
            out.write(line + "\n")
    with open(arguments.out + ".oracle.json", "w", encoding="utf-8") as out:
        json.dump(kubelet.oracle, out)


if __name__ == "__main__":
    main()
