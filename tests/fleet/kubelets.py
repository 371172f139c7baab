# SPDX-License-Identifier: Apache-2.0
"""The kinds of nodes that a simulated fleet has, each with the log that its kubelet writes.

Troubled nodes are recorded kubelets, played again and again as other pods. Ordinary ones are made up line by line
(tests/support/kubelet_log.py): pods come, end within milliseconds, seconds, or when their grace runs out; `drain` ends
twenty at a time."""
import dataclasses
import datetime
import functools
import heapq
import itertools

import replay
from kubelet_log import Kubelet

UTC = datetime.timezone.utc


class Ordinary(Kubelet):
    """A kubelet of that version and log level; lives a second may change as it runs."""

    LINES = 4  # a second

    def __init__(self, seed, version, verbosity, start, lives):
        super().__init__(seed, self.LINES, start=start)
        self.version, self.verbosity, self.lives = version, verbosity, lives

    def line(self, t, file, message, fields, level):
        return super().line(t, file, message, fields, level) if level <= self.verbosity else None

    def lines(self, seconds):
        begin = self.start.timestamp()
        yield begin, self.line(0, "server.go:520", "Kubelet version", {"kubeletVersion": self.version}, 0)
        yield begin, self.line(0.1, "kuberuntime_manager.go:269", "Container runtime initialized", {"containerRuntime": "containerd", "version": "1.7.24", "apiVersion": "v1"}, 0)
        for t, line in self:
            lives = self.lives(t)
            self.new_pod = lives / (self.LINES + 28 * lives)  # a life has some 28 lines
            if t > seconds:
                return
            if line:
                yield begin + t, line


def quiet(_):
    return 0.03


def drained(t):
    """A pod or so a minute, and every five minutes twenty within ten seconds."""
    return 2.0 if t % 300 > 290 else 0.02


@dataclasses.dataclass
class Kind:
    share: float  # of a fleet's nodes
    what: str
    recordings: tuple = ()
    ordinary: tuple = ()  # version, verbosity, lives

    def log(self, begin, seconds):
        """[(moment, text())]"""
        if self.ordinary:
            version, verbosity, lives = self.ordinary
            start = datetime.datetime.fromtimestamp(begin, UTC)
            return [(at, functools.partial(str, line)) for at, line in Ordinary(self.what, version, verbosity, start, lives).lines(seconds)]
        out, at = [], begin
        for again in itertools.count():
            out += replay.one_behind_another(self.recordings, at, 20.0, f"{again}." if again else "")
            at = out[-1][0] + 20
            if at > begin + seconds:
                return out


KINDS = [
    Kind(.25, "ordinary, 1.32 at -v=2", ordinary=("v1.32.13", 2, quiet)),
    Kind(.15, "ordinary, 1.32 at -v=4", ordinary=("v1.32.13", 4, quiet)),
    Kind(.15, "ordinary, 1.31 at -v=2", ordinary=("v1.31.9", 2, quiet)),
    Kind(.10, "ordinary, 1.28 at -v=4", ordinary=("v1.28.3", 4, quiet)),
    Kind(.10, "drained now and then, 1.32 at -v=2", ordinary=("v1.32.13", 2, drained)),
    Kind(.06, "drained now and then, 1.31 at -v=4", ordinary=("v1.31.9", 4, drained)),
    Kind(.02, "a bad CSI driver: volumes busy, failing, hung", ("1.32.13-containerd17-text-v5/g-unmount-fails", "1.32.13-containerd17-text-v5/h-stuck")),
    Kind(.05, "a slow network plugin, 1.28", ("1.28.3-containerd17-text-v5/f-cni-del-fails", "1.28.3-containerd17-text-v5/mix-abcdi")),
    Kind(.03, "a slow network plugin, 1.32", ("1.32.13-containerd17-text-v2/f-cni-del-fails", "1.32.13-containerd17-text-v2/mix-abcdi")),
    Kind(.02, "a runtime that freezes", ("1.32.13-containerd17-text-v5/e-kill-failures",)),
    Kind(.03, "preStop hooks and force deletes", ("1.32.13-containerd17-text-v5/c-multi-prestop", "1.32.13-containerd17-text-v5/d-force-and-shorten")),
    Kind(.02, "kubelet restarts", ("1.32.13-containerd17-text-v5/j-kubelet-restart",)),
    Kind(.02, "an old kubelet with docker", ("1.23.15-docker-text-v5/b-sigterm-ignored", "1.23.15-docker-text-v5/h-stuck")),
]


def kinds_of(nodes):
    """The kind of each node: shares as near as whole nodes allow, one of each kind at least, mixed."""
    shares = [max(1, round(kind.share * nodes)) for kind in KINDS]
    shares[0] += nodes - sum(shares)
    assert shares[0] > 0, f"a fleet has {len(KINDS)} kinds of nodes: {nodes} are too few"
    mixed = heapq.merge(*([((i + 0.5) / share, kind) for i in range(share)] for kind, share in enumerate(shares)))
    return [kind for _, kind in mixed]


def worst(begin):
    """Whatever a node may throw at the exporter at once: every recorded trouble, forty volume plugins that fail to unmount."""
    names = [f"1.32.13-containerd17-text-v5/{n}" for n in ("c-multi-prestop", "d-force-and-shorten", "e-kill-failures", "f-cni-del-fails",
                                                          "i-jobs-crashloop-reject-static", "mix-abcdi", "j-kubelet-restart", "h-stuck")]
    names += ["1.32.13-containerd17-text-v2/mix-abcdi"]
    out = [(at, text()) for at, text in replay.one_behind_another(names, begin)]
    unmounts = replay.one_behind_another(["1.32.13-containerd17-text-v5/g-unmount-fails"], out[-1][0] + 5, salt="worst")
    unmounts = [(at, line) for at, line in ((at, text()) for at, text in unmounts) if "nmount" in line]
    for plugin in range(40):
        driver = f"driver-{plugin}.example.com/"
        out += [(at, replay.renamed(line, str(plugin)).replace("kubernetes.io/", driver)) for at, line in unmounts]
    return sorted(out, key=lambda one: one[0])
