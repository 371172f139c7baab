# SPDX-License-Identifier: Apache-2.0
"""What docker prints beside a simulated kubelet (kubelet.py), and what the kubelet's dockershim prints of it: words and order as
recorded with Docker 20.10. dockerd names neither pods nor requests."""
import datetime

from simulation.containerd import Containerd


class Docker(Containerd):
    scheme = unit = "docker"
    away = "rpc error: code = Unknown desc = Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?"
    names_pods = False
    network_goes_first = True
    kills_for_nobody = True

    def __init__(self, kubelet, seed):
        super().__init__(kubelet.loop, f"docker {seed}")
        self.kubelet = kubelet
        self.connected = set()  # sandboxes
        self.graces = {}  # of a container's last stop

    # --- sandboxes

    def sandbox_runs(self, pod):
        self.connected.add(pod.sandbox.id)

    def shim(self, pod, sandbox, name, **values):
        self.kubelet.say(getattr(sandbox, "stopped_by", "gc"), name, pod=pod.ref, podSandboxID=["docker", sandbox.id], podNetnsPath="/proc/28118/ns/net",
                         networkPluginName="cni", networkType="bridge", networkName="k8s-pod-network", plugin="cni",
                         network="k8s-pod-network", netns="/proc/28118/ns/net", type="bridge", **values)

    def stop_sandbox(self, pod, sandbox):
        sandbox.pod = pod
        if sandbox.id in self.connected:
            self.shim(pod, sandbox, "ds.teardown.2")
            self.shim(pod, sandbox, "ds.del.3")

    def sandbox_stopped(self, sandbox):
        if sandbox.id in self.connected:
            self.connected.remove(sandbox.id)
            self.shim(sandbox.pod, sandbox, "ds.del.4")

    def sandbox_not_stopped(self, sandbox, error):
        self.shim(sandbox.pod, sandbox, "ds.delerr.4", err=error)

    def run_sandbox(self, pod):
        pass

    def sandbox_failed(self, pod, error, sandbox_id):
        pass

    def remove_sandbox(self, pod, sandbox):
        pass

    # --- containers

    def create(self, pod, c):
        c.within = pod.sandbox.id

    def runs(self, c, after=0.0):
        pass

    def stop(self, c, grace):
        self.graces[c.id] = grace

    def kill(self, c):
        grace = datetime.timedelta(seconds=self.graces.get(c.id, 0))
        minutes, seconds = divmod(round(grace.total_seconds()), 60)
        self.say(f"Container failed to exit within {f'{minutes}m' if minutes else ''}{seconds}s of signal 15 - using the force", container=c.id)

    def stopped(self, c):
        pass

    def not_stopped(self, c, error):
        pass

    def exited(self, c):
        late = self.random.uniform(0.02, 0.12)
        self.say("ignoring event", after=late, container=c.id, module="libcontainerd", namespace="moby", topic="/tasks/delete",
                 type='"*events.TaskDelete"')
        self.say("shim disconnected", after=late + 0.001, id=c.id)
        self.say("cleaning up after shim disconnected", "warning", after=late + 0.001, id=c.id, namespace="moby")
        self.say("cleaning up dead shim", after=late + 0.001)

    def remove(self, c):
        pass
