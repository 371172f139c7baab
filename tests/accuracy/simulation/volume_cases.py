# SPDX-License-Identifier: Apache-2.0
"""What befalls the volumes of a world's pods. A new case is a method, case_NAME."""
import math

from simulation.volume_troubles import ANY_VOLUME, CSI_DEVICE, CSI_VOLUME, NFS_VOLUME
from simulation.volumes import Claim, CsiVolume, Device

NEVER = math.inf


class VolumeCases:
    """A part of the world."""

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
