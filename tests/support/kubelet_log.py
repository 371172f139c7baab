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
FILLER = [
    'prober.go:178] "Probe succeeded" probeType="Readiness" pod="{pod}" podUID={uid} containerName="app"',
    'http.go:82] "Probe succeeded" probeType="Liveness" url="http://10.244.0.{n}:8080/healthz" httpCode=200',
    'kubelet_getters.go:176] "Pod status updated" pod="{pod}" status=Running',
    'reconciler.go:157] "Reconciler: start to sync state" round={n}',
    'eviction_manager.go:231] "Eviction manager: synchronize housekeeping" free="{n}Gi"',
    'setters.go:333] "Updating node status" node="node-1" attempt={n} conditions=[Ready MemoryPressure DiskPressure]',
    'factory.go:270] "Factory \\"raw\\" can handle container \\"/kubepods/pod{uid}\\", but ignoring" n={n}',
    'volume_stat_calculator.go:114] "Volume stats" pod="{pod}" used={n}Mi inodes={n} path="/var/lib/kubelet/pods/{uid}/volumes"',
]


class Kubelet:
    """Yields (seconds since `start`, line) in the order of time, without end. `oracle` grows with what was yielded."""

    def __init__(self, seed=1, lines_per_second=500, event_share=0.15, start=START, pid=4321):
        self.random = random.Random(seed)
        self.start = start
        self.pid = pid
        self.step = 1 / lines_per_second
        # A life of some 28 event lines among the others.
        self.new_pod = event_share / 28
        self.oracle = {"lines": 0, "deleted": 0, "terminated": 0, "removed": 0, "seconds": 0.0}
        self.pending = []  # (due, order, what, line)
        self.order = 0
        self.names = []
        self.pods = 0
        self.seconds_of = {}  # from DELETE to terminated, by UID

    def stamp(self, t):
        at = self.start + datetime.timedelta(microseconds=round(t * 1e6))
        return f"I{at:%m%d %H:%M:%S.%f} {self.pid:7d} "

    def hex(self, digits):
        return f"{self.random.getrandbits(4 * digits):0{digits}x}"

    def begin_life(self, t):
        r = self.random
        self.pods += 1
        pod = f"ns-{r.randrange(40)}/web-{self.pods}"
        h = self.hex(32)
        uid = f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
        app, sandbox, grace = self.hex(64), self.hex(64), 30
        self.names.append((pod, uid))
        if len(self.names) > 500:
            self.names.pop(0)
        of_pod = f'pod="{pod}" podUID={uid}'
        of_app = f'{of_pod} containerName="app" containerID="containerd://{app}"'
        unique = f"kubernetes.io/projected/{uid}-kube-api-access"

        def pleg(kind, what):
            return f'kubelet.go:2128] "SyncLoop (PLEG): event for pod" pod="{pod}" event=&{{ID:{uid} Type:{kind} Data:{what}}}'

        def say(after, text, what=""):
            nonlocal t
            t = round(t + after, 6)
            self.order += 1
            heapq.heappush(self.pending, (t, self.order, what, text))
            return t

        say(0, f'kubelet.go:2092] "SyncLoop ADD" source="api" pods=[{pod}]')
        say(0.01, f'reconciler.go:238] "operationExecutor.VerifyControllerAttachedVolume started for volume \\"kube-api-access\\" (UniqueName: \\"{unique}\\") pod \\"web\\" (UID: \\"{uid}\\") " pod="{pod}"')
        say(0.2, f'operation_generator.go:756] "MountVolume.SetUp succeeded for volume \\"kube-api-access\\" (UniqueName: \\"{unique}\\") pod \\"web\\" (UID: \\"{uid}\\") " pod="{pod}"')
        say(0.6, f'kuberuntime_manager.go:484] "No sandbox for pod can be found. Need to start a new one" pod="{pod}"')
        say(0.8, pleg("ContainerStarted", sandbox))
        say(0.5, pleg("ContainerStarted", app))
        deleted = say(r.uniform(2, 20), f'kubelet.go:2108] "SyncLoop DELETE" source="api" pods=[{pod}]', "deleted")
        say(0.0004, f'pod_workers.go:625] "Pod is being synced for the first time" pod="{pod}" podUID={uid}')
        say(0.0002, f'pod_workers.go:727] "Pod is marked for graceful deletion, begin teardown" {of_pod} updateType=update')
        say(0.0003, f'kubelet.go:1767] "syncTerminatingPod enter" {of_pod}')
        say(0.0003, f'kubelet.go:1780] "Pod terminating with grace period" {of_pod} gracePeriod={grace}')
        say(0.0005, f'kuberuntime_container.go:719] "Killing container with a grace period" {of_app} gracePeriod={grace}')
        say(r.choice((r.uniform(0.02, 0.6), r.uniform(0.5, 12), 30.2)), f'kuberuntime_container.go:736] "Container exited normally" {of_app}')
        terminated = say(r.uniform(0.1, 0.6), f'kubelet.go:1822] "Pod terminated all containers successfully" {of_pod}', "terminated")
        self.seconds_of[uid] = round(terminated - deleted, 6)
        say(0.0004, f'kubelet.go:1842] "syncTerminatingPod exit" {of_pod}')
        say(0.0002, f'pod_workers.go:931] "Pod terminated all containers successfully" {of_pod}')
        say(0.1, f'reconciler.go:211] "operationExecutor.UnmountVolume started for volume \\"kube-api-access\\" (UniqueName: \\"{unique}\\") pod \\"{uid}\\" (UID: \\"{uid}\\") "')
        say(r.uniform(0.01, 0.2), f'operation_generator.go:889] UnmountVolume.TearDown succeeded for volume "{unique}" (OuterVolumeSpecName: "kube-api-access") pod "{uid}" (UID: "{uid}"). InnerVolumeSpecName "kube-api-access". PluginName "kubernetes.io/projected", VolumeGidValue ""')
        say(0.3, f'generic.go:296] "Generic (PLEG): container finished" podID={uid} containerID="{app}" exitCode=0')
        say(0.0001, pleg("ContainerDied", app))
        say(0.0001, pleg("ContainerDied", sandbox))
        say(0.05, f'kubelet.go:1911] "Pod termination removed cgroups" {of_pod}')
        say(0.001, f'pod_workers.go:978] "Pod is complete and the worker can now stop" {of_pod}')
        say(0.05, f'kubelet.go:2108] "SyncLoop DELETE" source="api" pods=[{pod}]')
        say(0.001, f'kubelet.go:2102] "SyncLoop REMOVE" source="api" pods=[{pod}]', "removed")

    def __iter__(self):
        t = 0.0
        while True:
            if self.random.random() < self.new_pod:
                self.begin_life(t)
            due = self.pending and self.pending[0][0] <= t
            if due:
                at, _, what, text = heapq.heappop(self.pending)
                if what:
                    self.oracle[what] += 1
                if what == "terminated":
                    self.oracle["seconds"] += self.seconds_of.pop(text.split("podUID=")[1].split()[0])
            else:
                pod, uid = self.random.choice(self.names) if self.names else ("kube-system/dns", "0" * 8)
                at = t
                text = self.random.choice(FILLER).format(pod=pod, uid=uid, n=self.random.randrange(250))
                t += self.step
            self.oracle["lines"] += 1
            yield at, self.stamp(at) + text


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=500, help="lines a second of the log's own time")
    parser.add_argument("--out", required=True)
    arguments = parser.parse_args()
    kubelet = Kubelet(arguments.seed, arguments.rate)
    with open(arguments.out, "w", encoding="utf-8") as out:
        for _, line in itertools.islice(kubelet, arguments.lines):
            out.write(line + "\n")
    with open(arguments.out + ".oracle.json", "w", encoding="utf-8") as out:
        json.dump(kubelet.oracle, out)


if __name__ == "__main__":
    main()
