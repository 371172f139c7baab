#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A kubelet's log as people save it: by journalctl in each of its forms, through grep. The report is the log's own."""
import datetime
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests/e2e"))
import lane

REMOTE = "/lib/systemd/systemd-journal-remote"
FORMS = ("short", "short-precise", "short-iso", "short-iso-precise", "short-full", "short-monotonic", "short-delta", "short-unix",
         "with-unit", "verbose", "export", "json", "json-pretty", "json-seq", "json-sse", "cat")
lane.need("zstd")
lane.need(REMOTE)
home = lane.temp_dir()


def terminations(path):
    """What the report says instead, where it cannot be had."""
    try:
        return lane.report(path, flags=["--year=2026"])["terminations"]
    except AssertionError as refused:
        return str(refused)


def micros(line, last):
    """When it was written, by its own header."""
    if found := re.match(r'\{"ts":(\d+)', line):
        return int(found[1]) * 1000
    found = re.match(r"[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{6})", line)
    if found is None:
        return last
    return int(datetime.datetime(2026, *map(int, found.groups()), datetime.timezone.utc).timestamp() * 1e6)


def journal_of(lines, folder):
    """With another unit's lines between, which look like a kubelet's own."""
    folder.mkdir()
    export, at = [], 1_795_400_000_000_000
    for line in lines:
        at = micros(line, at)
        for unit, pid, message in (("kubelet", 812, line), ("kube-proxy", 900, line)):
            export.append(f"__REALTIME_TIMESTAMP={at}\n__MONOTONIC_TIMESTAMP={at % 10**9}\n_BOOT_ID={'1' * 32}\n_HOSTNAME=node-1\n_TRANSPORT=stdout\n"
                          f"SYSLOG_IDENTIFIER={unit}\n_COMM={unit}\n_PID={pid}\n_STREAM_ID={pid:032x}\n_SYSTEMD_UNIT={unit}.service\nMESSAGE={message}\n\n")
    subprocess.run([REMOTE, "-o", folder / "system.journal", "-"], input="".join(export).encode(), check=True, stderr=subprocess.DEVNULL)


for name in ("1.23.15-containerd-text-v5/e-kill-failures", "1.32.13-containerd17-json-v4/mix-abcdi"):
    lines = [line for line in lane.recorded(name) if line]
    log = home / "kubelet.log"
    log.write_text("\n".join(lines) + "\n")
    wanted = terminations(log)
    lane.expect(f"{name} has terminations", len(wanted) > 2, len(wanted))
    folder = home / name.replace("/", "-")
    journal_of(lines, folder)
    saved = home / "saved.log"
    for form in FORMS:
        with saved.open("w") as out:
            subprocess.run(["journalctl", f"--directory={folder}", "--unit=kubelet.service", f"--output={form}", "--no-pager", "--quiet"],
                           stdout=out, check=True, env={"TZ": "UTC", "PATH": "/usr/bin:/bin"})
        lane.expect(f"{name}: journalctl -o {form}", terminations(saved) == wanted, terminations(saved))
    for command in ("grep -n '' kubelet.log", "grep -H '' kubelet.log", "grep -nH '' kubelet.log", "sed 's/^/<6>/' kubelet.log",
                    "sed 's/^/kubelet: /' kubelet.log"):
        saved.write_bytes(subprocess.run(command, shell=True, cwd=home, capture_output=True, check=True).stdout)
        lane.expect(f"{name}: {command}", terminations(saved) == wanted, terminations(saved))

# Searched for by a pod's name: the worker's last mark and the volumes' unmounts have only its UID.
for name in ("1.28.3-containerd17-text-v5/mix-abcdi", "1.32.13-containerd17-json-v4/mix-abcdi"):
    lines = lane.recorded(name)
    log.write_text("\n".join(lines) + "\n")
    checked = 0
    whole = [one for one in terminations(log) if one["state"] == "removed" and one["termination_seconds"] is not None]
    for wanted in whole:
        saved.write_text("".join(line + "\n" for line in lines if wanted["pod"] in line))
        found = terminations(saved)
        ended = [one for one in found if one["state"] == "removed" and one["pod"] == wanted["pod"]]
        seconds = [one["termination_seconds"] for one in ended]
        near = seconds != [None] and len(seconds) == 1 and abs(seconds[0] - wanted["termination_seconds"]) < 0.002
        checked += near
        if not near:
            lane.expect(f"{name}: {wanted['pod']} alone", False, found)
    lane.expect(f"{name}: {checked} pods alone, each as in the whole log", checked > 5)
lane.finish()
