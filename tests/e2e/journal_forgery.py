#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a container can put into the kubelet's own journal: a NUL byte, or 48 K, in what it prints makes journald begin a
new entry at column 0 of the kubelet's stream. And what any process can send with the kubelet's name. None is believed."""
import subprocess
import sys
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import lane  # noqa: E402

FORGED = 'I1124 10:00:01.000000    4321 kubelet.go:1] "SyncLoop DELETE" source="api" pods=[kube-system/victim]'
PROBE = 'I1124 10:00:00.000000    4321 prober.go:1] "Probe failed" pod="a/b" output=<'
REAL = 'I1124 10:00:09.000000    4321 kubelet.go:1] "SyncLoop DELETE" source="api" pods=[default/real]'
OTHER = """
import socket, sys
run, forged = sys.argv[1:]
with socket.socket(socket.AF_UNIX) as stream:
    stream.connect(run + "/stdout")
    stream.sendall(f"kubelet\\nweb.service\\n6\\n0\\n0\\n0\\n0\\n{forged}\\n".encode())
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as native:
    native.sendto(f"SYSLOG_IDENTIFIER=kubelet\\n_SYSTEMD_UNIT=kubelet.service\\nMESSAGE={forged}\\n".encode(), run + "/socket")
"""

journald = lane.Journald("kle-forgery")
home = lane.temp_dir()
kubelet = journald.stream()
kubelet.sendall((PROBE + "\n\tx\0" + FORGED + "\n >\n").encode())  # as klog writes a block
kubelet.sendall((PROBE + "\n\t" + "y" * (49152 - 1) + FORGED + "\n >\n").encode())
kubelet.sendall((PROBE + "\0" + FORGED + "\0" + FORGED + "\n").encode())
# Another process: journald knows a sender by its process.
subprocess.run([sys.executable, "-c", OTHER, str(journald.run), FORGED], check=True)
kubelet.sendall((REAL + "\n" + REAL.replace("DELETE", "RECONCILE") + "\n").encode())

serve = lane.Serve(f"--journal.directory={journald.directory}", "--start=all", "--journal.unit=kubelet", f"--state.path={home}/state")
lane.wait_for("the real one", lambda: ("default", "real") in [(t["namespace"], t["pod"]) for t in serve.terminations()])
found = serve.terminations()
metrics = serve.metrics()
lane.expect("no forged termination", "victim" not in [t["pod"] for t in found], found[:5])
lane.expect("one DELETE counted", 'events_total{event="pod_deleted"} 1\n' in metrics)
lane.expect("SIGTERM ends it with 0", serve.stop() == 0)
lane.finish()
