# SPDX-License-Identifier: Apache-2.0
"""The volumes of simulated pods and their manager: how they are unmounted, and what of it the pod's worker waits for. Orders and words are those of
the kubelet's reconciler, operation generator and CSI plugin."""
import dataclasses

import retold

BY_UNIQUE_NAME = 35  # since when an unmount's lines name a volume so
KEY_OF_FIELDS = 18  # since when an operation's key has names for its parts
WAIT_FOR_UNMOUNT = 123


@dataclasses.dataclass
class Volume:
    name: str
    plugin: str
    troubles: list = dataclasses.field(default_factory=list)  # each attempt's, the last ones' first
    takes: float = 0.02  # NEVER: it hangs
    mounted: bool = False
    uncertain: bool = False
    device: object = None
    # truth
    started_at: float | None = None
    unmounted_at: float | None = None
    failures: int = 0
    attempts: int = 0

    @property
    def inner(self):
        """What its lines call it, where it is not the pod's own."""
        return self.name

    def unique(self, uid):
        return f"kubernetes.io/{self.plugin}/{uid}-{self.inner}"

    def attempt(self, at):
        self.started_at = at if self.started_at is None else self.started_at
        self.attempts += 1

    def words(self, uid):
        pods = f"/var/lib/kubelet/pods/{uid}"
        return {"pods": pods, "inner": self.inner, "path": f"{pods}/volumes/kubernetes.io~{self.plugin}/{self.inner}"}


@dataclasses.dataclass
class Claim(Volume):
    """A claim's: its PersistentVolume has another name."""
    volume: str = ""

    @property
    def inner(self):
        return self.volume


@dataclasses.dataclass
class Device:
    """A CSI volume's, which all its pods on the node share."""
    driver: str
    handle: str
    troubles: list = dataclasses.field(default_factory=list)
    takes: float = 0.05
    users: int = 0
    unmounting: bool = False
    mounted: bool = False
    # truth
    started_at: float | None = None

    @property
    def unique(self):
        return f"kubernetes.io/csi/{self.driver}^{self.handle}"


@dataclasses.dataclass
class CsiVolume(Claim):
    def unique(self, uid):
        return self.device.unique

    def words(self, uid):
        more = super().words(uid)
        return more | {"path": more["path"] + "/mount", "driver": self.device.driver, "handle": self.device.handle}


def retries(limit=122.0):
    wait = 0.5
    while True:
        yield wait
        wait = min(wait * 2, limit)


class VolumeManager:
    """A part of the kubelet."""

    def volume_text(self, what, pod, v, of, name=None):
        return f'{what} for volume "{name or v.name}" (UniqueName: "{v.unique(pod.uid)}") pod "{of}" (UID: "{pod.uid}") '

    def volume_line(self, who, row, what, pod, v, of, more=None, name=None):
        return self.say(who, row, **{retold.VOLUMES_MESSAGE: self.volume_text(what, pod, v, of, name)}, **(more or {}))

    def failed_operation(self, who, unique, uid, wait, error):
        minutes, seconds = divmod(wait, 60)
        told = f"{minutes:g}m{seconds:g}s" if minutes else f"{seconds:g}s" if wait >= 1 else "500ms"
        key = f"{{volumeName:{unique} podName:{uid} nodeName:}}" if self.minor >= KEY_OF_FIELDS else rf'\"{unique}\"' + (rf' (\"{uid}\")' if uid else "")
        operation = f'Operation for "{key}" failed. No retries permitted until {self.wall(self.loop.now + wait)} +0000 UTC m=+7.5 (durationBeforeRetry {told}). Error: {error}'
        return self.say(who, "no.failed", operation=operation)

    def mount(self, pod, v):
        self.volume_line("reconciler", "mo.verify.3", "operationExecutor.VerifyControllerAttachedVolume started", pod, v, pod.name, {"pod": pod.ref}, v.inner)
        if (device := v.device) and not v.mounted:
            device.users += 1
            if not device.mounted:
                device.mounted = True
                self.volume_line("reconciler", "mo.dev.2", "MountVolume.MountDevice succeeded", pod, v, pod.name, {"pod": pod.ref}, v.inner)
        v.mounted = True
        self.volume_line("reconciler", "mo.setup.4", "MountVolume.SetUp succeeded", pod, v, pod.name, {"pod": pod.ref}, v.inner)

    def unmount(self, pod, v):
        me = f"unmount {pod.uid} {v.name}"
        waits = retries()
        while True:
            trouble = v.troubles[-1] if v.troubles else None
            named = v.unique(pod.uid) if self.minor >= BY_UNIQUE_NAME else v.name
            error = trouble and f"{self.volume_text(trouble.step, pod, v, pod.uid, named)}: {trouble.error.format(**v.words(pod.uid))}"
            if trouble and trouble.at_once:
                text = self.volume_text("operationExecutor.UnmountVolume failed (controllerAttachDetachEnabled true)", pod, v, pod.uid)
                at = self.say("reconciler", "un.fail.3", err=error, **{retold.VOLUMES_MESSAGE: f"{text}: {error}"})
                v.attempt(at)
                self.failed(pod, v, trouble)
                yield 0.1
                continue
            at = self.volume_line("reconciler", "un.start.2", "operationExecutor.UnmountVolume started", pod, v, pod.uid)
            v.attempt(at)
            yield trouble.takes if trouble else v.takes
            if not trouble:
                break
            wait = next(waits)
            self.failed_operation(me, v.unique(pod.uid), pod.uid, wait, error)
            self.failed(pod, v, trouble)
            yield wait + self.random.uniform(0, 0.1)
        named = v.inner if self.minor >= BY_UNIQUE_NAME else v.name
        v.unmounted_at = self.say(me, "un.ok.1", uniqueName=v.unique(pod.uid), volumeName=named, podUID=pod.uid, inner=v.inner, plugin=f"kubernetes.io/{v.plugin}", gid="")
        v.mounted = v.uncertain = False
        if v.device:
            v.device.users -= 1
        yield 0.1
        if v.device:
            yield from self.unmount_device(v, v.device)
        else:
            self.device_line("reconciler", "vd.detached.2", "Volume detached", v, v.unique(pod.uid), 'DevicePath ""')

    def failed(self, pod, v, trouble):
        v.troubles.pop()
        self.volume_failures[f"kubernetes.io/{v.plugin}", trouble.reason] += 1
        v.failures += 1
        v.uncertain = v.uncertain or trouble.uncertain
        pod.fail("unmount_volumes", trouble.reason)
        pod.volume_failed = True

    # --- devices

    def device_text(self, what, v, unique, more=""):
        return f'{what} for volume "{v.inner}" (UniqueName: "{unique}") on node "node-1" {more}'

    def device_line(self, who, row, what, v, unique, more=""):
        return self.say(who, row, **{retold.VOLUMES_MESSAGE: self.device_text(what, v, unique, more)})

    def unmount_device(self, v, device):
        if device.unmounting:
            return  # that of another pod
        device.unmounting = True
        try:
            yield from self.unmount_unused(v, device)
        finally:
            device.unmounting = False

    def unmount_unused(self, v, device):
        waits = retries()
        while not device.users:
            at = self.device_line("reconciler", "ud.start.2", "operationExecutor.UnmountDevice started", v, device.unique)
            device.started_at = at if device.started_at is None else device.started_at
            yield device.takes
            if not device.troubles:
                break
            trouble, wait = device.troubles.pop(), next(waits)
            path = f"/var/lib/kubelet/plugins/kubernetes.io/csi/{device.driver}/globalmount"
            error = self.device_text(trouble.step, v, device.unique) + ": " + trouble.error.format(path=path, driver=device.driver)
            self.failed_operation("device", device.unique, "", wait, error)
            self.volume_failures["kubernetes.io/csi", trouble.reason] += 1
            yield wait + self.random.uniform(0, 0.1)
        else:
            return  # another pod has it
        at = self.device_line("device", "ud.ok.3", "UnmountDevice succeeded", v, device.unique)
        self.device_spans.append(at - device.started_at)
        device.mounted, device.started_at = False, None
        yield 0.1
        self.device_line("reconciler", "vd.detached.2", "Volume detached", v, device.unique, f'DevicePath "csi-{device.handle}"')

    # --- what the pod's worker waits for

    def wait_for_unmount(self, pod, me, volumes):
        """Each time that long; a volume whose unmount failed is "uncertain", not mounted."""
        while True:
            self.say(me, "vm.waitunmount", pod=pod.ref)
            until = self.loop.now + WAIT_FOR_UNMOUNT
            while held := sorted(v.name for v in volumes if v.mounted and not v.uncertain):
                if self.loop.now >= until:
                    break
                yield 0.3
            else:
                self.say(me, "vm.unmounted", pod=pod.ref)
                return
            why = "context deadline exceeded" if self.minor >= 27 else "timed out waiting for the condition"
            self.say(me, "ted.exit.2", **self.of_pod(pod))
            self.say(me, "pw.err.2", err=f"mounted volumes=[{' '.join(held)}]: {why}", **self.of_pod(pod))
            if not pod.volume_failed:  # else it speaks of that
                pod.fail("unmount_volumes", "volume_wait_timeout")
            pod.volume_failed = False
            self.say(me, "pw.event.done.2", updateType=2, **self.of_pod(pod))
            yield self.random.uniform(10, 15)
            self.say(me, "pw.event.2", updateType=2, **self.of_pod(pod))
            self.say(me, "ted.enter.2", **self.of_pod(pod))
