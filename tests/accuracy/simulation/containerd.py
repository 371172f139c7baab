# SPDX-License-Identifier: Apache-2.0
"""What containerd prints beside a simulated kubelet (kubelet.py): words and order as recorded with 1.6 and 1.7; 2.0 calls the
exits otherwise. Its own random numbers leave the kubelet's lines as they are without it."""
import random

from retold import quoted
from simulation.loop import EPOCH, MICROSECOND


class Containerd:
    scheme = unit = "containerd"
    away = 'rpc error: code = Unavailable desc = connection error: desc = "transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: connection refused"'
    network_goes_first = False  # before the sandbox's container
    sandbox_needs_network_gone = False  # else it lives on
    names_pods = True
    kills_for_nobody = False  # a container whose stop nobody waits for any longer

    def __init__(self, loop, seed):
        self.loop = loop
        self.random = random.Random(f"containerd {seed}")
        self.version = self.random.choice([(1, 6), (1, 7), (1, 7), (2, 0)])
        self.tells_codes = self.version > (1, 6)
        self.up = True
        self.starts = 1
        self.said = []

    def restart(self, seconds):
        """What it was doing is lost; its shims, and what they hold, live on."""
        self.say("Stop CRI service")
        self.up = False
        yield seconds
        self.up = True
        self.starts += 1
        self.say("starting containerd", revision="x", version=".".join(map(str, self.version)))
        self.say("containerd successfully booted in 0.041203s", after=0.04)

    def say(self, message, level="info", after=0.0, **fields):
        if self.up:
            self.said.append((self.loop.now + after, len(self.said), level, message, fields))

    def lines(self):
        out = []
        for at, _, level, message, fields in sorted(self.said, key=lambda one: one[:2]):
            more = "".join(f" {key}={quoted(value) if key == 'error' else value}" for key, value in sorted(fields.items()))
            out.append(f'time="{self.stamp(at)}" level={level} msg={quoted(message)}{more}')
        return out

    def stamp(self, at):
        return f'{self.loop.wall(at).isoformat(timespec="microseconds")}123Z'

    def stamps(self):
        """Of the lines."""
        return sorted(at for at, *_ in self.said)

    @staticmethod
    def cgroup(pod, c=None):
        return f"/kubepods/burstable/pod{pod.uid}" + (f"/{c.id}" if c else "")

    # --- sandboxes

    @staticmethod
    def metadata(pod):
        return f"&PodSandboxMetadata{{Name:{pod.name},Uid:{pod.uid},Namespace:{pod.namespace},Attempt:{pod.sandboxes},}}"

    def run_sandbox(self, pod):
        self.say(f"RunPodSandbox for {self.metadata(pod)}")

    def sandbox_runs(self, pod):
        self.say(f'RunPodSandbox for {self.metadata(pod)} returns sandbox id "{pod.sandbox.id}"')

    @staticmethod
    def network_add_error(_, sandbox_id):
        return f'rpc error: code = Unknown desc = failed to setup network for sandbox "{sandbox_id}": plugin type="bridge" failed (add): no addresses'

    @staticmethod
    def network_delete_error(pod):
        return f'rpc error: code = Unknown desc = failed to destroy network for sandbox "{pod.sandbox.id}": plugin type="bridge" failed (delete): failed to delete endpoint'

    def sandbox_failed(self, pod, error, _):
        self.say(f"RunPodSandbox for {self.metadata(pod)} failed, error", "error", error=error)

    def stop_sandbox(self, pod, sandbox):
        self.say(f'StopPodSandbox for "{sandbox.id}"')
        for c in pod.all_containers():
            if c.kind != "sandbox" and c.state == "exited" and c.within == sandbox.id and not c.removed:
                self.say(f'Container to stop "{c.id}" must be in running or unknown state, current state "CONTAINER_EXITED"', after=1e-4)

    def sandbox_stopped(self, sandbox):
        self.say(f'TearDown network for sandbox "{sandbox.id}" successfully')
        self.say(f'StopPodSandbox for "{sandbox.id}" returns successfully', after=1e-4)

    def sandbox_not_stopped(self, sandbox, error):
        self.say(f'StopPodSandbox for "{sandbox.id}" failed', "error", error=error)

    def remove_sandbox(self, pod, sandbox):
        self.stop_sandbox(pod, sandbox)
        self.sandbox_stopped(sandbox)
        self.say(f'RemovePodSandbox for "{sandbox.id}"')
        self.say(f'Forcibly stopping sandbox "{sandbox.id}"')
        self.say(f'TearDown network for sandbox "{sandbox.id}" successfully')
        self.say(f'RemovePodSandbox "{sandbox.id}" returns successfully')

    # --- containers

    def create(self, pod, c):
        c.within = pod.sandbox.id
        metadata = f"&ContainerMetadata{{Name:{c.name},Attempt:{c.attempt},}}"
        self.say(f'CreateContainer within sandbox "{c.within}" for container {metadata}')
        self.say(f'CreateContainer within sandbox "{c.within}" for {metadata} returns container id "{c.id}"', after=0.002)
        self.say(f'StartContainer for "{c.id}"', after=0.003)

    def runs(self, c, after=0.0):
        self.say(f'StartContainer for "{c.id}" returns successfully', after=after)

    def stop(self, c, grace):
        self.say(f'StopContainer for "{c.id}" with timeout {grace} (s)')
        self.say(f'Stop container "{c.id}" with signal terminated', after=0.0002)

    def kill(self, c):
        self.say(f'Kill container "{c.id}"')

    def stopped(self, c):
        self.say(f'StopContainer for "{c.id}" returns successfully')

    def not_stopped(self, c, error):
        self.say(f'StopContainer for "{c.id}" failed', "error", error=error)

    def exited(self, c):
        late = self.random.uniform(0.0005, 0.002)
        code = f"  exit_status:{c.code}" if c.code else ""
        seconds, micros = divmod(round((self.loop.wall(c.exited_at) - EPOCH) / MICROSECOND), 10**6)
        what = f'container_id:"{c.id}"  id:"{c.id}"  pid:24182{code}  exited_at:{{seconds:{seconds}  nanos:{micros * 1000}}}'
        if self.version >= (2, 0):
            word = "sandbox" if c.kind == "sandbox" else "container"
            self.say(f"received {word} exit event {what}", after=late)
        elif self.version >= (1, 7):
            self.say(f"received exit event {what}", after=late)
        gone = late + self.random.choice([0.02, 0.1])
        space = {"namespace": "k8s.io"} if self.version >= (1, 7) else {}
        self.say("shim disconnected", after=gone, id=c.id, **space)
        self.say("cleaning up after shim disconnected", "warning", after=gone, id=c.id, namespace="k8s.io")
        self.say("cleaning up dead shim", after=gone, namespace="k8s.io")

    def remove(self, c):
        self.say(f'RemoveContainer for "{c.id}"')
        self.say(f'RemoveContainer for "{c.id}" returns successfully', after=0.005)
