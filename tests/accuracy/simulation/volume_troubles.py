# SPDX-License-Identifier: Apache-2.0
"""Why an unmount of a simulated volume fails: the words of the kubelet's operation generator and CSI plugin, and the reason that the exporter has for them."""
import dataclasses

TEAR_DOWN, SUBPATHS, NEW_UNMOUNTER = "UnmountVolume.TearDown failed", "error cleaning subPath mounts", "UnmountVolume.NewUnmounter failed"
DEVICE, REFERENCES = "UnmountDevice failed", "GetDeviceMountRefs check failed"

UNMOUNT_FAILED = "unmount failed: exit status {status}\nUnmounting arguments: {path}\nOutput: {tool}: {path}: {what} busy.\n"
BUSY = UNMOUNT_FAILED.replace("{status}", "32").replace("{tool}", "umount").replace("{what}", "target is")
NFS_BUSY = UNMOUNT_FAILED.replace("{status}", "16").replace("{tool}", "umount.nfs4").replace("{what}", "device is")
CSI = "kubernetes.io/csi: Unmounter.TearDownAt failed"
RPC = CSI + ": rpc error: code = {code} desc = "
NO_SOCKET = 'connection error: desc = "transport: Error while dialing: dial unix /var/lib/kubelet/plugins/{driver}/csi.sock: connect: connection refused"'
SUBPATH = "error processing {pods}/volume-subpaths/{inner}/app0: error cleaning subpath mount {pods}/volume-subpaths/{inner}/app0/0: "


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
