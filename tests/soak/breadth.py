#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Breadth: 10,000 pods that terminate at once are measured exactly; of a million that never end, memory stays bounded
and what was given up is counted; more whole lives than are remembered leave the same bound.

  breadth.py [--short] [--orphans=N]
"""
import argparse
import itertools
import subprocess

from soak import Exporter, Kubelet, figure, lane

GRACE = 30


def stamp(t):
    return f"I1123 {10 + int(t) // 3600:02d}:{int(t) // 60 % 60:02d}:{int(t) % 60:02d}.{round(t * 1e6) % 1_000_000:06d}    4321 kubelet.go:1] "


def uid(i):
    return f"{i:08x}-0000-4000-8000-{i:012x}"


def at_once(path, pods):
    """All deleted within a second, then step by step as the kubelet works through them."""
    with open(path, "w") as out:
        def say(t, text):
            out.write(stamp(t) + text + "\n")
        for i in range(pods):
            say(i / pods, f'"SyncLoop DELETE" source="api" pods=[ns-{i % 50}/web-{i}]')
        for i in range(pods):
            say(1 + i / pods, f'"syncTerminatingPod enter" pod="ns-{i % 50}/web-{i}" podUID={uid(i)}')
        for i in range(pods):
            say(2 + i / pods, f'"Killing container with a grace period" pod="ns-{i % 50}/web-{i}" podUID={uid(i)} containerName="app" containerID="containerd://{i:064x}" gracePeriod={GRACE}')
        for i in range(pods):
            say(20 + i / pods, f'"Container exited normally" pod="ns-{i % 50}/web-{i}" podUID={uid(i)} containerName="app" containerID="containerd://{i:064x}"')
        for i in range(pods):
            say(25 + i / pods, f'"Pod terminated all containers successfully" pod="ns-{i % 50}/web-{i}" podUID={uid(i)}')
        for i in range(pods):
            say(27 + i / pods, f'"SyncLoop REMOVE" source="api" pods=[ns-{i % 50}/web-{i}]')
        say(100, '"the end"')


def serve(home, name, log):
    exporter = Exporter(home, name, "--source=file", f"--file.path={log}", "--timezone=UTC", "--start=all",
                        f"--state.path={home}/{name}.state").start()
    exporter.wait_ready(120)
    return exporter


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--orphans", type=int)
    arguments = parser.parse_args()
    orphans = arguments.orphans or (200_000 if arguments.short else 1_000_000)
    home = lane.temp_dir()

    pods = 10_000
    at_once(home / "once.log", pods)
    exporter = serve(home, "once", home / "once.log")
    count = lambda: exporter.sum_of("pod_termination_duration_seconds_count")
    lane.wait_for("all measured", lambda: count() == pods, 30)
    total = sum(v for k, v in exporter.counters().items() if k.startswith("kubelet_lifecycle_pod_termination_duration_seconds_sum"))
    lane.expect("each of 10,000 at once is measured to the microsecond", abs(total - 25 * pods) < 1e-3, total)
    lane.expect("none was given up", exporter.sum_of("tracker_evictions_total") == 0)
    figure("at_once.terminations", count())
    figure("at_once.rss_anon_kib", exporter.rss_anon_kib())
    lane.stop(exporter.child)

    with open(home / "orphans.log", "w") as out:
        for i in range(orphans):
            out.write(stamp(i / 1000) + f'"SyncLoop DELETE" source="api" pods=[ns-{i % 50}/web-{i}]\n')
        out.write(stamp(orphans / 1000 + 1) + '"the end"\n')
    exporter = serve(home, "orphans", home / "orphans.log")
    lane.wait_for("all seen", lambda: exporter.sum_of("events_total") >= orphans, 60)
    evicted = exporter.sum_of("tracker_evictions_total")
    in_flight = gauge(exporter, "terminating_pods{")
    rss = exporter.rss_anon_kib()
    figure("orphans.deletes", orphans)
    figure("orphans.in_flight", in_flight)
    figure("orphans.evicted", evicted)
    figure("orphans.rss_anon_kib", rss)
    figure("orphans.state_file_kib", (home / "orphans.state").stat().st_size // 1024)
    figure("orphans.series", sum(1 for l in exporter.metrics().splitlines() if l and l[0] != "#"))
    lane.expect("in flight within the bound", 0 < in_flight <= 20_000, in_flight)
    lane.expect("what was given up is counted", evicted == orphans - in_flight, (evicted, orphans, in_flight))
    lane.expect("RssAnon under 64 MB", rss < 64 * 1024, rss)
    check = subprocess.run(["promtool", "check", "metrics"], input=exporter.metrics(), text=True, capture_output=True) if lane.shutil.which("promtool") else None
    lane.expect("promtool takes the exposition", check is None or check.returncode == 0, check and check.stderr[-300:])
    lane.stop(exporter.child)
    whole_lives(home, 200_000 if arguments.short else 2_000_000)
    lane.finish()


def whole_lives(home, lines):
    """Some forty pods a second come and go: all that ended is remembered for ten minutes, up to a bound."""
    kubelet = Kubelet(1, 200, event_share=0.85)
    with open(home / "lives.log", "w") as out:
        out.writelines(line + "\n" for _, line in itertools.islice(kubelet, lines))
    exporter = serve(home, "lives", home / "lives.log")
    most, remembered, read = 0, 0, 0
    while read < lines:
        most = max(most, exporter.rss_anon_kib())
        read = exporter.sum_of("lines_total")
        remembered = max(remembered, gauge(exporter, "tracked_pods"))
    figure("lives.lines", lines)
    figure("lives.terminations", kubelet.oracle["terminated"])
    figure("lives.remembered_most", remembered)
    figure("lives.rss_anon_kib_most", most)
    figure("lives.rss_anon_kib", exporter.rss_anon_kib())
    measured = exporter.sum_of("pod_termination_duration_seconds_count")
    lane.expect("each life is measured once", measured == kubelet.oracle["terminated"], (measured, kubelet.oracle["terminated"]))
    lane.expect("no more are remembered than the bound", 0 < remembered <= 22_000, remembered)
    lane.expect("RssAnon under 64 MB for whole lives", most < 64 * 1024, most)
    lane.stop(exporter.child)


def gauge(exporter, name):
    return sum(float(l.split()[-1]) for l in exporter.metrics().splitlines() if l.startswith("kubelet_lifecycle_" + name))


if __name__ == "__main__":
    main()
