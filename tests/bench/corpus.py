# SPDX-License-Identifier: Apache-2.0
"""What the benchmarks read: made once, seeded, with an oracle beside it; recorded logs of real kubelets too."""
import itertools
import json
import os
import pathlib
import shutil
import subprocess
import time

import journal_corpus
from kubelet_log import Kubelet
from measure import Command, lane


def log(home, lines, form):
    """A made-up kubelet's log at -v 5; 215 bytes a line, 15 % of them of a pod's life."""
    path, oracle = home / f"{form}-{lines}.log", home / f"{form}-{lines}.oracle.json"
    if not oracle.exists():
        kubelet = Kubelet(1, 500, form=form)
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(line + "\n" for _, line in itertools.islice(kubelet, lines))
        oracle.write_text(json.dumps(kubelet.oracle))
    return path, json.loads(oracle.read_text())


def recorded(home):
    """The recorded kubelets of tests/traces at -v 5, one after the other, text."""
    path = home / "recorded.log"
    if not path.exists():
        text = b""
        for packed in sorted((lane.ROOT / "tests/traces/recorded").glob("1.23.15-docker-text-v5/*/kubelet.log.zst")):
            text += subprocess.run(["zstd", "-qdc", packed], check=True, capture_output=True).stdout
        path.write_bytes(text * 5)
    return path


def journal(home, kubelet_lines):
    return journal_corpus.make(home / f"journal-{kubelet_lines}", kubelet_lines)


def together(home, at_once, lives=20_000):
    """`lives` pods that die, so many of them in flight at the same time; the same number of events whatever `at_once` is."""
    path = home / f"together-{at_once}.log"
    if path.exists():
        return path
    steps = [(0, '"SyncLoop DELETE" source="api" pods=[{pod}]'), (1, '"syncTerminatingPod enter" pod="{pod}" podUID={uid}'),
             (2, '"Killing container with a grace period" pod="{pod}" podUID={uid} containerName="app" containerID="containerd://{id:064x}" gracePeriod=30'),
             (20, '"Container exited normally" pod="{pod}" podUID={uid} containerName="app" containerID="containerd://{id:064x}"'),
             (25, '"Pod terminated all containers successfully" pod="{pod}" podUID={uid}'), (27, '"SyncLoop REMOVE" source="api" pods=[{pod}]')]
    with open(path, "w", encoding="utf-8") as out:
        for first in range(0, lives, at_once):
            for after, text in steps:
                for i in range(first, min(first + at_once, lives)):
                    t = 90 * first // at_once + after + (i - first) / at_once  # the last ones are retired before the next come
                    fields = {"pod": f"ns-{i % 50}/web-{i}", "uid": f"{i:08x}-0000-4000-8000-{i:012x}", "id": i}
                    second = int(t)
                    out.write(f"I{11 + second // 86400 // 30:02d}{1 + second // 86400 % 30:02d} {second // 3600 % 24:02d}:{second // 60 % 60:02d}:"
                              f"{second % 60:02d}.{round((t - second) * 1e6) % 1_000_000:06d}    4321 kubelet.go:1] {text.format(**fields)}\n")
    return path


class Imjournal(Command):
    """rsyslog's imjournal into a file, then mtail on that file. rsyslog knows no folder but the machine's own: it is given
    the journal in a mount namespace, and ended once all lines are in the file."""

    def __init__(self, home, folder, lines, mtail):
        self.work, self.out, self.folder, self.lines, self.mtail = home / "imjournal", home / "imjournal" / "kubelet.log", folder.resolve(), lines, mtail
        super().__init__("rsyslog and mtail")

    def cpu_seconds(self):
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        modules = next((pathlib.Path(shutil.which("rsyslogd")).parents[1] / "lib").glob("*/rsyslog"), "")
        (self.work / "rsyslog.conf").write_text(f"""
module(load="imjournal" StateFile="{self.work.resolve()}/state" IgnorePreviousMessages="off" Ratelimit.Interval="0")
template(name="message" type="string" string="%msg%\\n")
if $programname == "kubelet" then action(type="omfile" file="{self.out.resolve()}" template="message")
""")
        machine = pathlib.Path("/etc/machine-id").read_text().strip()
        script = (f"mkdir -p /run/log/journal && mount -t tmpfs none /run/log/journal && mkdir /run/log/journal/{machine} && "
                  f"mount --bind {self.folder} /run/log/journal/{machine} && "
                  f"{{ [ ! -d /var/log/journal ] || mount -t tmpfs none /var/log/journal; }} && "
                  f"exec rsyslogd -n {f'-M {modules}' if modules else ''} -i {self.work.resolve()}/pid -f {self.work.resolve()}/rsyslog.conf")
        child = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        written = lambda: self.out.exists() and self.out.read_bytes().count(b"\n")
        deadline = time.monotonic() + 120
        while written() < self.lines:
            if time.monotonic() > deadline or child.poll() is not None:
                child.kill()
                raise AssertionError(f"imjournal gave {written()} of {self.lines} lines")
            time.sleep(0.2)
        child.terminate()
        _, _, usage = os.wait4(child.pid, 0)
        child.returncode = 0
        return usage.ru_utime + usage.ru_stime + self.mtail(self.out).cpu_seconds()
