#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The files that deploy/ ships for rsyslog and logrotate, with only their paths changed, under a real rsyslogd and a real
logrotate: whatever a kubelet writes to syslog is counted once, over forced rotations and restarts of the exporter. rsyslogd gives up
root for a user of its own, as Ubuntu's does: what is rotated has to stay that user's."""
import grp
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import sys
import time

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / part) for part in ("e2e", "support", "soak")]
import lane  # noqa: E402
from kubelet_log import Kubelet  # noqa: E402
from soak import Exporter  # noqa: E402

lane.need("rsyslogd", "logrotate", "gzip")
home = lane.temp_dir()
log = home / "log/kubelet.log"
writer, adm = pwd.getpwnam("daemon"), grp.getgrnam("adm").gr_gid
home.chmod(0o755)
for folder in (home / "work", log.parent):  # Ubuntu's /var/log is open to that user
    folder.mkdir()
    os.chown(folder, writer.pw_uid, adm)
(home / "other.log").touch()
os.chown(home / "other.log", writer.pw_uid, adm)
shipped = (lane.ROOT / "deploy/rsyslog/30-kubelet.conf").read_text().replace("/var/log/kubelet/kubelet.log", str(log))
modules = next((p for p in (pathlib.Path(lane.shutil.which("rsyslogd")).parents[1] / "lib").glob("*/rsyslog")), None)
(home / "rsyslog.conf").write_text(f"""
global(workDirectory="{home}/work" privdrop.user.name="{writer.pw_name}" privdrop.group.name="adm")
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{home}/dev-log" RateLimit.Interval="0")
{shipped}
*.* action(type="omfile" file="{home}/other.log")
""")
rsyslogd = lane.start("rsyslogd", "-n", "-f", home / "rsyslog.conf", "-i", home / "pid", *(["-M", str(modules)] if modules else []))
lane.wait_for("rsyslogd's socket", lambda: (home / "dev-log").exists())
(home / "logrotate.conf").write_text((lane.ROOT / "deploy/logrotate/kubelet").read_text()
                                     .replace("/var/log/kubelet/kubelet.log", str(log))
                                     .replace("/usr/bin/systemctl kill --signal=HUP rsyslog.service", f"kill -HUP {rsyslogd.pid}"))


def rotate():
    done = subprocess.run(["logrotate", "-f", "-s", home / "status", home / "logrotate.conf"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


syslog = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
syslog.connect(str(home / "dev-log"))


def send(line, program="kubelet[4321]"):
    syslog.send(f"<30>{time.strftime('%b %d %H:%M:%S')} {program}: {line}".encode())


kubelet = iter(Kubelet(3, 2000, start=lane.datetime.datetime.now(lane.datetime.timezone.utc)))
sent = 0


def burst(lines):
    global sent
    for _ in range(lines):
        send(next(kubelet)[1])
        if sent % 10 == 0:
            send("another program's line", "cron[7]")
        sent += 1


burst(100)
lane.wait_for("the log", lambda: log.exists() and log.stat().st_size > 0)
exporter = Exporter(home, "exporter", "--source=file", f"--file.path={log}", "--start=all", f"--state.path={home}/state").start().wait_ready()
for number in range(4):
    burst(500)
    rotate()
    burst(300)
    if number == 1:  # two rotations while it is down, one of them packed
        lane.stop(exporter.child, signal.SIGKILL)
        for _ in range(2):
            time.sleep(1.1)  # the name has the second in it
            rotate()
            burst(200)
        exporter.start().wait_ready()
    time.sleep(1.1)
long = 'I1124 10:00:00.000000    4321 kubelet.go:1] "long" text="' + "x" * 30_000 + '"'
send(long)
sent += 1
lines = lambda: exporter.sum_of("lines_total")
try:
    lane.wait_for("all", lambda: lines() == sent, 20)
except AssertionError:
    pass
files = sorted(p.name for p in log.parent.iterdir())
lane.expect("every line once", lines() == sent, (lines(), sent, files))
lane.expect("some are packed, as shipped", any(f.endswith(".gz") for f in files), files)
lane.expect("names are as shipped", all(len(f.split("-")) == 4 for f in files if f != "kubelet.log"), files)
lane.expect("no gap", exporter.sum_of("journal_gaps_total") == 0)
lane.expect("a long line is whole", len(log.read_text().splitlines()[-1]) > 30_000)
lane.expect("other programs' lines are elsewhere", "another program" not in log.read_text())
owners = {(p.stat().st_uid, p.stat().st_gid, p.stat().st_mode & 0o777) for p in log.parent.iterdir()}
lane.expect("each is rsyslogd's still, adm may read it, others may not", owners == {(writer.pw_uid, adm, 0o640)}, owners)


def without_force():
    """What a run by the timer does: names before and after."""
    time.sleep(1.1)
    before = set(log.parent.iterdir())
    done = subprocess.run(["logrotate", "-s", home / "status", home / "logrotate.conf"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return len(set(log.parent.iterdir())) - len(before)


lane.expect("a run on the same day rotates nothing small", without_force() == 0)
os.truncate(log, 301 << 20)  # a hole: no room on the disk
lane.expect("but what is beyond 300 MB", without_force() == 1)
done = subprocess.run(["systemd-analyze", "calendar", "hourly"], capture_output=True, text=True)
timer = (lane.ROOT / "deploy/logrotate/hourly.conf").read_text()
lane.expect("the timer's drop-in replaces the daily run", "OnCalendar=\nOnCalendar=hourly\n" in timer and done.returncode == 0, done.stderr)
lane.expect("the exporter ends with 0", lane.stop(exporter.child) == 0)
lane.stop(rsyslogd)
lane.finish()
