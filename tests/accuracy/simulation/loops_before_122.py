# SPDX-License-Identifier: Apache-2.0
"""The loops of a kubelet of before 1.22 that end pods beside its syncs: housekeeping, the volume manager's populator, the status manager."""
import retold

HOUSEKEEPING = 2.0
POPULATOR = 2.0
STATUS_BATCH = 10.0


class Loops:
    """A part of the kubelet."""

    def housekeeping(self):
        while True:
            if self.ready:
                for pod in self.pods:
                    self.clean(pod)
            yield HOUSEKEEPING + self.random.random() * self.busy

    def clean(self, pod):
        life = self.life(pod)
        if pod.known and not life.over:
            return
        if self.living(pod):
            self.go(self.killer(pod, pod.grace))
            return
        mounted = any(v.mounted for v in pod.volumes)
        if life.cgroup and pod.cgroup_at is None and pod.sandbox:
            self.say("sync", "cg.orphanvol" if mounted else "cg.orphan", podUID=pod.uid)
            if not mounted:
                life.cgroup, pod.cgroup_at = False, self.loop.now
                self.cadvisor("cad.del.1", pod)
        if not pod.known and not mounted and life.folder:
            life.folder, pod.forgotten = False, True
            self.say("sync", "kv.orphan.7", podUID=pod.uid)

    def populator(self):
        while True:
            for pod in self.pods if self.ready else []:
                life = self.life(pod)
                mounted = [v for v in pod.volumes if v.mounted]
                if (pod.known and not life.over) or life.unmounting or not mounted:
                    continue
                if any(c.kind != "sandbox" for c in self.living(pod)):
                    self.say("populator", "dsw.keep.1", pod=pod.ref)
                    continue
                life.unmounting = True
                for v in mounted:
                    self.volume_line("populator", "dsw.rm", "Removing volume from desired state", pod, v, pod.name, {"volumeName": v.name, **self.of_pod(pod)})
                    self.go(self.unmount(pod, v), self.random.uniform(0.05, 0.3))
            yield POPULATOR + self.random.uniform(0, 0.2)

    def status_manager(self):
        while True:
            for pod in self.pods:
                if pod.known and self.life(pod).deleted:
                    self.delete_object(pod)
            yield STATUS_BATCH

    def api_status(self, pod):
        """It has the exit codes that no line of their own tells."""
        ended = [(c, f"ContainerID:{self.runtime.scheme}://{c.id}") for c in pod.containers if c.relisted == "exited" and c.kind == "app"]
        states = " ".join(f"{{Name:{c.name} State:{{Waiting:nil Running:nil Terminated:&ContainerStateTerminated{{ExitCode:{c.code},Signal:0,"
                          f"Reason:Error,Message:,{of},}}}} LastTerminationState:{{Waiting:nil Running:nil Terminated:nil}} Ready:false RestartCount:0 {of}}}"
                          for c, of in ended)
        return retold.Bare(f"{{Phase:{pod.phase} Conditions:[{{Type:Ready Status:False}}] ContainerStatuses:[{states}] QOSClass:Burstable}}")

    def tell_status(self, pod):
        status = self.api_status(pod)
        yield self.random.uniform(0.001, 0.05)
        self.say("status", "sm.patch.4", patch='{"metadata":{"uid":"' + pod.uid + '"},"status":{"containerStatuses":[]}}', patchBytes=retold.Bare("[123 34]"), **self.of_pod(pod))
        self.say("status", "sm.updated.2", pod=pod.ref, statusVersion="4", status=status)
        if pod.known and self.life(pod).deleted:
            self.delete_object(pod)

    def delete_object(self, pod):
        life = self.life(pod)
        waits = ("rec.running" if life.runs or any(c.state == "running" for c in pod.containers) else
                 "rec.vol" if any(v.mounted for v in pod.volumes) else
                 "rec.cgroup" if pod.sandbox and pod.cgroup_at is None else None)
        if waits:
            self.say("status", waits, pod=pod.ref)
        elif pod.exists and pod.completed_at is None:
            pod.done, pod.completed_at = True, self.loop.now
            self.go(self.gone(pod))

    def gone(self, pod):
        pod.reclaimed_at = yield from self.object_goes(pod)
