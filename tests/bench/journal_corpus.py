# SPDX-License-Identifier: Apache-2.0
"""A journal as a node has it: every second entry the kubelet's, 22 fields each, made with chosen times."""
import datetime
import itertools
import json
import pathlib
import subprocess

import measure
from kubelet_log import Kubelet

BOOT = "5f1c3f0a5b1b4b0f8f3f6a3f9e2d1c0b"
MACHINE = "2a3b4c5d6e7f4a0b9c8d7e6f5a4b3c2d"
OTHERS = [("containerd", 'time="2026-11-23T10:00:00.{n:09d}Z" level=info msg="StopContainer for \\"{n:064x}\\" returns successfully"'),
          ("sshd", "Accepted publickey for core from 10.0.{a}.{b} port {n} ssh2"),
          ("systemd", "run-containerd-io.containerd.runtime.v2.task-k8s.io-{n:064x}-rootfs.mount: Deactivated successfully."),
          ("node-agent", "level=debug component=sync iteration={n} status=ok took={a}ms")]


def entry(unit, at, since_boot, pid, message):
    micros = int(at.timestamp() * 1_000_000)
    fields = [("__REALTIME_TIMESTAMP", micros), ("__MONOTONIC_TIMESTAMP", since_boot), ("_BOOT_ID", BOOT),
              ("PRIORITY", 6), ("SYSLOG_FACILITY", 3), ("_MACHINE_ID", MACHINE), ("_HOSTNAME", "node-1"), ("_TRANSPORT", "stdout"),
              ("_UID", 0), ("_GID", 0), ("_CAP_EFFECTIVE", "1ffffffffff"), ("_SELINUX_CONTEXT", "unconfined"),
              ("_RUNTIME_SCOPE", "system"), ("_SYSTEMD_SLICE", "system.slice"),
              ("SYSLOG_IDENTIFIER", unit), ("_COMM", unit), ("_EXE", f"/usr/bin/{unit}"),
              ("_CMDLINE", f"/usr/bin/{unit} --config=/etc/{unit}.yaml"), ("_SYSTEMD_CGROUP", f"/system.slice/{unit}.service"),
              ("_SYSTEMD_UNIT", f"{unit}.service"), ("_SYSTEMD_INVOCATION_ID", f"{pid:032x}"), ("_STREAM_ID", f"{pid + 1:032x}"),
              ("_PID", pid), ("MESSAGE", message)]
    return "".join(f"{key}={value}\n" for key, value in fields) + "\n"


def make(folder, kubelet_lines, others=True, rate=500, form="text"):
    """Writes folder/system.journal once and the oracle beside it; returns the folder and the oracle."""
    folder = pathlib.Path(folder)
    oracle = folder / "oracle.json"
    if not oracle.exists():
        measure.lane.need("/lib/systemd/systemd-journal-remote")
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            old.unlink()
        kubelet = Kubelet(7, rate, form=form)
        remote = subprocess.Popen(["/lib/systemd/systemd-journal-remote", "-o", folder / "system.journal", "--split-mode=none", "-"],
                                  stdin=subprocess.PIPE, text=True, stderr=subprocess.DEVNULL)
        for i, (at, line) in enumerate(itertools.islice(kubelet, kubelet_lines)):
            when = kubelet.start + datetime.timedelta(seconds=at)
            remote.stdin.write(entry("kubelet", when, int(at * 1e6) + 60_000_000, 4321, line))
            if others:
                name, text = OTHERS[i % len(OTHERS)]
                text = text.format(n=i, a=i // 250 % 250, b=i % 250)
                remote.stdin.write(entry(name, when, int(at * 1e6) + 60_000_001, 1000 + i % 4, text))
        remote.stdin.close()
        if remote.wait() != 0:
            raise AssertionError("systemd-journal-remote could not write a journal")
        oracle.write_text(json.dumps(kubelet.oracle))
    return folder, json.loads(oracle.read_text())
