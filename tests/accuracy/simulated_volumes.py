# SPDX-License-Identifier: Apache-2.0
"""The volumes of simulated pods (simulated_kubelet.py) and their manager: how they are unmounted, and what keeps them from it. Orders and
words are those of the kubelet's reconciler, operation generator and CSI plugin."""
import dataclasses
import math

import retold

KINDS = {"configmap": "config", "secret": "creds", "empty-dir": "cache", "projected": "kube-api-access-x7k2p"}
BY_UNIQUE_NAME = 35  # since when an unmount's lines name a volume so
WAIT_FOR_UNMOUNT = 123
UNMOUNT_FAILED = "unmount failed: exit status {status}\nUnmounting arguments: {path}\nOutput: {tool}: {path}: {what} busy.\n"
BUSY = UNMOUNT_FAILED.replace("{status}", "32").replace("{tool}", "umount").replace("{what}", "target is")
NFS_BUSY = UNMOUNT_FAILED.replace("{status}", "16").replace("{tool}", "umount.nfs4").replace("{what}", "device is")
CSI = "kubernetes.io/csi: Unmounter.TearDownAt failed"
RPC = CSI + ": rpc error: code = {code} desc = "
NO_SOCKET = 'connection error: desc = "transport: Error while dialing: dial unix /var/lib/kubelet/plugins/{driver}/csi.sock: connect: connection refused"'
NEVER = math.inf


@dataclasses.dataclass(frozen=True)
class Trouble:
    """Why an attempt fails."""
    step: str  # "UnmountVolume.TearDown failed", and what else may fail
    error: str
    reason: str
    takes: float = 0.02

    @property
    def uncertain(self):
        """Whether the kubelet takes the volume for mounted no more."""
        return self.step == TEAR_DOWN

    @property
    def at_once(self):
        """Not even begun, and tried again each time that the reconciler comes round."""
        return self.step == NEW_UNMOUNTER


TEAR_DOWN, SUBPATHS, NEW_UNMOUNTER = "UnmountVolume.TearDown failed", "error cleaning subPath mounts", "UnmountVolume.NewUnmounter failed"
DEVICE, REFERENCES = "UnmountDevice failed", "GetDeviceMountRefs check failed"
SUBPATH = "error processing {pods}/volume-subpaths/{inner}/app0: error cleaning subpath mount {pods}/volume-subpaths/{inner}/app0/0: "
ANY_VOLUME = [
    Trouble(TEAR_DOWN, BUSY, "volume_busy"),
    Trouble(SUBPATHS, SUBPATH + BUSY, "volume_busy"),
    Trouble(SUBPATHS, "error deleting {pods}/volume-subpaths/{inner}/app0/0: remove {pods}/volume-subpaths/{inner}/app0/0: device or resource busy", "volume_busy"),
]
NFS_VOLUME = [
    Trouble(TEAR_DOWN, NFS_BUSY, "volume_busy"),
    Trouble(SUBPATHS, SUBPATH + "lstat {pods}/volume-subpaths/{inner}/app0/0: stale NFS file handle", "volume_hung"),
    Trouble(TEAR_DOWN, "lstat {path}: stale NFS file handle", "volume_hung"),
]
CSI_VOLUME = [
    Trouble(TEAR_DOWN, RPC.format(code="Internal") + 'Could not unmount "{path}": ' + BUSY, "volume_busy"),
    Trouble(TEAR_DOWN, RPC.format(code="Internal") + "node unpublish: exit status 255", "csi_error"),
    Trouble(TEAR_DOWN, RPC.format(code="Unavailable") + NO_SOCKET, "csi_error"),
    Trouble(TEAR_DOWN, RPC.format(code="Unavailable") + "transport is closing", "csi_error"),
    Trouble(TEAR_DOWN, RPC.format(code="Aborted") + "an operation with the given Volume ID {handle} already exists", "volume_hung"),
    Trouble(TEAR_DOWN, RPC.format(code="DeadlineExceeded") + "context deadline exceeded", "volume_hung", takes=120),
    Trouble(TEAR_DOWN, CSI + " to get CSI client: driver name {driver} not found in the list of registered CSI drivers", "csi_error"),
    Trouble(TEAR_DOWN, CSI + " to clean mount dir [{path}]: kubernetes.io/csi: failed to remove dir [{path}]: remove {path}: directory not empty", "csi_error"),
    Trouble(NEW_UNMOUNTER, "kubernetes.io/csi: unmounter failed to load volume data file [{path}]: kubernetes.io/csi: failed to open volume data file "
            "[{pods}/volumes/kubernetes.io~csi/{inner}/vol_data.json]: open {pods}/volumes/kubernetes.io~csi/{inner}/vol_data.json: no such file or directory", "csi_metadata_lost"),
]
CSI_DEVICE = [
    Trouble(REFERENCES, 'the device mount path "{path}" is still mounted by other references [/mnt/elsewhere]', "device_in_use"),
    Trouble(DEVICE, "the device is in use when it was no longer expected to be in use", "device_in_use"),
    Trouble(DEVICE, "kubernetes.io/csi: attacher.UnmountDevice failed: rpc error: code = Internal desc = Could not unstage: exit status 1", "csi_error"),
    Trouble(DEVICE, "kubernetes.io/csi: attacher.UnmountDevice failed: rpc error: code = Unavailable desc = " + NO_SOCKET, "csi_error"),
]


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
        operation = f'Operation for "{{volumeName:{unique} podName:{uid} nodeName:}}" failed. No retries permitted until {self.wall(self.loop.now + wait)} +0000 UTC m=+7.5 (durationBeforeRetry {told}). Error: {error}'
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


class VolumeCases:
    """What befalls the volumes of a world's pods."""

    def claims(self):
        r, hexes = self.random, self.kubelet.hex
        for name in ("data", "logs")[:r.choice([1, 1, 2])]:
            if r.random() < 0.3:
                yield Claim(name, "nfs", volume=f"nfs-{name}-{self.names}")
            else:
                device = Device(r.choice(["ebs.csi.aws.com", "csi.vsphere.vmware.com", "rook-ceph.rbd.csi.ceph.com"]), f"vol-{hexes(17)}")
                yield CsiVolume(name, "csi", volume=f"pvc-{self.kubelet.uid()}", device=device)

    def troubles(self, v):
        known = {"csi": CSI_VOLUME + ANY_VOLUME[1:], "nfs": NFS_VOLUME}.get(v.plugin, ANY_VOLUME)
        return self.random.choices(known, k=self.random.choice([1, 1, 3, 6]))

    def case_claims(self):
        pod = self.pod("claims")
        pod.volumes += self.claims()
        for v in pod.volumes:
            if isinstance(v, CsiVolume):
                v.device.troubles = self.random.choices(CSI_DEVICE, k=self.random.choice([0, 0, 1, 4]))
        yield from self.started(pod)
        self.kubelet.delete(pod)

    def case_claim_fails(self):
        pod = self.pod("claim-fails")
        pod.volumes += self.claims()
        for v in pod.volumes:
            v.troubles = self.troubles(v) if self.random.random() < 0.5 else []
        yield from self.started(pod)
        self.kubelet.delete(pod, self.random.choice([None, None, None, 0]))

    def case_metadata_lost(self):
        pod = self.pod("metadata-lost")
        device = Device("driver.longhorn.io", "pvc-1")
        pod.volumes.append(CsiVolume("data", "csi", volume=f"pvc-{self.kubelet.uid()}", device=device, troubles=[CSI_VOLUME[-1]] * self.random.choice([5, 100, 100_000])))
        yield from self.started(pod)
        self.kubelet.delete(pod)

    def case_volume_hangs(self):
        pod = self.pod("volume-hangs")
        pod.volumes += self.claims()
        self.random.choice(pod.volumes).takes = self.random.choice([NEVER, 130, 300])
        yield from self.started(pod)
        self.kubelet.delete(pod)

    def case_claim_shared(self):
        """Two pods of the node have it."""
        device = Device("efs.csi.aws.com", f"fs-{self.kubelet.hex(8)}")
        pods = [self.pod("shared") for _ in range(2)]
        for pod in pods:
            pod.volumes.append(CsiVolume("data", "csi", volume=f"pvc-{device.handle}", device=device))
            yield from self.started(pod)
        for pod in pods:
            self.kubelet.delete(pod)
            yield self.random.choice([0, 1, 40])

    def case_attach_waits(self):
        """Its volume is attached elsewhere: it is deleted before it could run."""
        pod = self.pod("attach-waits", start_trouble="attach")
        pod.volumes = [CsiVolume("data", "csi", volume=f"pvc-{self.kubelet.uid()}", device=Device("ebs.csi.aws.com", "vol-1"))] + pod.volumes
        self.kubelet.create(pod)
        yield self.random.uniform(0.3, 60)
        self.kubelet.delete(pod)
