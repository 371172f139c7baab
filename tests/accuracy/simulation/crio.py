# SPDX-License-Identifier: Apache-2.0
"""What CRI-O prints beside a simulated kubelet (kubelet.py), by its sources: it tells what it is asked and what it has done, but neither exits
nor calls that fail. Its network goes first, and a sandbox that keeps it lives on; it has no container of its own."""
from simulation.containerd import Containerd

SERVICE = "/runtime.v1.RuntimeService/"
ISO_TIMES = 31  # a blank before
READ_SINCE = 22  # what older ones say was not read


class Crio(Containerd):
    scheme, unit = "cri-o", "crio"
    away = 'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix /var/run/crio/crio.sock: connect: no such file or directory"'
    network_goes_first = sandbox_needs_network_gone = True
    kills_for_nobody = True

    def __init__(self, loop, seed, minor):
        super().__init__(loop, f"crio {seed}")
        self.minor, self.tells_codes = minor, False
        self.names_pods = minor >= READ_SINCE
        self.requests = 0
        self.begins()

    def restart(self, seconds):
        self.up = False
        yield seconds
        self.up = True
        self.starts += 1
        self.begins()

    def begins(self):
        super().say(f"Starting CRI-O, version: 1.{self.minor}.3, git: 0dd6a1a(clean)")

    def say(self, message, level="info", after=0.0, **fields):
        if self.minor >= READ_SINCE:
            super().say(message, level, after, **fields)

    def stamp(self, at):
        stamp = super().stamp(at)
        return stamp if self.minor >= ISO_TIMES else stamp.replace("T", " ")

    def served(self, call, message, after=0.0, **fields):
        """A line of that call."""
        self.requests += 1
        self.say(message, after=after, **fields, id=f"{self.requests:08x}-8d0a-4f6b-9f6e-0c5a2f1f7c11", name=SERVICE + call)

    @staticmethod
    def description(pod, c):
        return f"{pod.namespace}/{pod.name}/{c.name or 'POD'}"

    @staticmethod
    def cgroup(pod, c=None):
        """By the systemd driver."""
        uid = pod.uid.replace("-", "_")
        return f"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{uid}.slice" + (f"/crio-{c.id}.scope" if c else "")

    # --- sandboxes

    @staticmethod
    def full_name(pod, sandbox_id):
        return f"k8s_{pod.name}_{pod.namespace}_{pod.uid}_{pod.sandboxes}({sandbox_id})"

    def network_add_error(self, pod, sandbox_id):
        return (f'rpc error: code = Unknown desc = failed to create pod network sandbox {self.full_name(pod, sandbox_id)}: error adding pod {pod.namespace}_{pod.name} '
                'to CNI network "crio": plugin type="bridge" failed (add): no addresses')

    def network_delete_error(self, pod):
        return (f"rpc error: code = Unknown desc = failed to destroy network for pod sandbox {self.full_name(pod, pod.sandbox.id)}: "
                f'error removing pod {pod.namespace}_{pod.name} from CNI network "crio": plugin type="bridge" failed (delete): failed to delete endpoint')

    def network(self, pod, sandbox_id, what):
        self.say(f"Got pod network &{{Name:{pod.name} Namespace:{pod.namespace} ID:{sandbox_id} UID:{pod.uid} NetNS:/var/run/netns/{pod.uid} Networks:[] "
                 "RuntimeConfig:map[crio:{IP: MAC: PortMappings:[] Bandwidth:<nil> IpRanges:[] CgroupPath:}] Aliases:map[]}")
        self.say(f'{what.format(f"{pod.namespace}_{pod.name}")} CNI network "crio" (type=bridge)')

    def run_sandbox(self, pod):
        self.served("RunPodSandbox", f"Running pod sandbox: {pod.namespace}/{pod.name}/POD")

    def sandbox_runs(self, pod):
        self.network(pod, pod.sandbox.id, "Adding pod {} to")
        self.network(pod, pod.sandbox.id, "Checking pod {} for")
        self.served("RunPodSandbox", f"Ran pod sandbox {pod.sandbox.id} with infra container: {self.description(pod, pod.sandbox)}")

    def sandbox_failed(self, pod, error, sandbox_id):
        self.network(pod, sandbox_id, "Adding pod {} to")
        self.served("RunPodSandbox", f"NetworkStart: stopping network for sandbox {sandbox_id}")
        self.network(pod, sandbox_id, "Deleting pod {} from")
        for step in (f"deleting pod ID {sandbox_id} from idIndex", f"removing pod sandbox {sandbox_id}", f"deleting container ID from idIndex for sandbox {sandbox_id}",
                     f"unmounting shmPath for sandbox {sandbox_id}", f"removing pod sandbox from storage: {sandbox_id}"):
            self.served("RunPodSandbox", f"runSandbox: {step}")

    def stop_sandbox(self, pod, sandbox):
        self.served("StopPodSandbox", f"Stopping pod sandbox: {sandbox.id}")
        if getattr(sandbox, "stopped", False):
            self.served("StopPodSandbox", f"Stopped pod sandbox (already stopped): {sandbox.id}", after=1e-4)
        else:
            self.network(pod, sandbox.id, "Deleting pod {} from")

    def sandbox_stopped(self, sandbox):
        if not getattr(sandbox, "stopped", False):
            sandbox.stopped = True
            self.served("StopPodSandbox", f"Stopped pod sandbox: {sandbox.id}")

    def sandbox_not_stopped(self, sandbox, error):
        pass

    def remove_sandbox(self, pod, sandbox):
        self.stop_sandbox(pod, sandbox)
        self.sandbox_stopped(sandbox)
        self.served("RemovePodSandbox", f"Removing pod sandbox: {sandbox.id}")
        self.served("RemovePodSandbox", f"Removed pod sandbox: {sandbox.id}", after=0.005)

    # --- containers

    def create(self, pod, c):
        c.within, c.description = pod.sandbox.id, self.description(pod, c)
        self.served("CreateContainer", f"Creating container: {c.description}")
        self.served("CreateContainer", f"Created container {c.id}: {c.description}", after=0.002)
        self.served("StartContainer", f"Starting container: {c.id}", after=0.003)

    def runs(self, c, after=0.0):
        self.served("StartContainer", "Started container", after=after, PID=4242, containerID=c.id, description=c.description, sandboxID=c.within)

    def stop(self, c, grace):
        self.served("StopContainer", f"Stopping container: {c.id} (timeout: {grace}s)")

    def kill(self, c):
        if c.kind != "sandbox":
            self.say(f"Stopping container {c.id} with stop signal timed out. Killing...", "warning")

    def stopped(self, c):
        self.served("StopContainer", f"Stopped container {c.id}: {c.description}")

    def not_stopped(self, c, error):
        pass

    def exited(self, c):
        pass

    def remove(self, c):
        self.served("RemoveContainer", f"Removing container: {c.id}")
        self.served("RemoveContainer", f"Removed container {c.id}: {c.description}", after=0.005)
