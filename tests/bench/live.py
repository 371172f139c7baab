# SPDX-License-Identifier: Apache-2.0
"""The running exporter: what following costs, how soon a line is seen, what it holds, what a scrape takes, how fast it catches up."""
import itertools
import statistics
import time

import corpus
import journal_corpus
from kubelet_log import Kubelet
from measure import Process, lane
from soak import Exporter, Writer, fetch


def cost_over(process, seconds):
    """CPU share of one core in percent, and wake-ups a second."""
    cpu, wakeups, begun = process.cpu_seconds(), process.wakeups(), time.monotonic()
    time.sleep(seconds)
    spent = time.monotonic() - begun
    return (process.cpu_seconds() - cpu) / spent * 100, (process.wakeups() - wakeups) / spent


def rates(bench, seconds=30, lines_per_second=1000):
    """A real journald takes a kubelet's lines; nobody scrapes meanwhile."""
    home = lane.temp_dir()
    journald = lane.Journald("kle-bench")
    stream = journald.stream()
    stream.sendall(b"I1123 10:00:00.000000    4321 server.go:1] \"first\"\n")
    exporter = Exporter(home, "live", f"--journal.directory={journald.directory}", "--start=all", f"--state.path={home}/state").start()
    exporter.wait_ready()
    process = Process(exporter.child.pid)
    writer = Writer(stream.sendall, lines_per_second)
    writer.start()
    time.sleep(5)
    cpu, wakeups = cost_over(process, seconds)
    writer.finish()
    bench.row(f"following {lines_per_second:,} lines a second: CPU", f"{cpu:.2f} % of a core", "<= 0.6 %", cpu <= 0.6)
    bench.row(f"following {lines_per_second:,} lines a second: wake-ups", f"{wakeups:.1f} a second", "<= 20", wakeups <= 20)
    delays = sorted(seen_after(exporter, stream, n) for n in range(20))
    bench.row("from a line to its metric, at the default commit interval", f"median {statistics.median(delays):.2f} s, worst {delays[-1]:.2f} s", "<= 1.5 s",
              delays[-1] <= 1.5)
    settle(exporter)
    cpu, wakeups = cost_over(process, seconds)
    bench.row("idle: CPU", f"{cpu:.3f} % of a core", "<= 0.05 %", cpu <= 0.05)
    bench.row("idle: wake-ups", f"{wakeups:.1f} a second")
    lane.stop(exporter.child)


def settle(exporter):
    """What the tracker waits for after the last line has come, and is saved."""
    saved, before = exporter.sum_of("state_commits_total"), None
    while saved != before:
        time.sleep(15)
        saved, before = exporter.sum_of("state_commits_total"), saved


def seen_after(exporter, stream, n):
    """Seconds from a line that counts to the scrape that shows it."""
    total = lambda: exporter.sum_of("events_total")
    before = total()
    now = time.gmtime()
    begun = time.monotonic()
    stream.sendall(time.strftime("I%m%d %H:%M:%S.000000    4321 kubelet.go:2092] ", now).encode() + f'"SyncLoop ADD" source="api" pods=[bench/late-{n}]\n'.encode())
    while total() <= before:
        if time.monotonic() - begun > 10:
            break
        time.sleep(0.02)
    spent = time.monotonic() - begun
    time.sleep(0.137 * (n % 7))  # at other moments of the commit's beat
    return spent


def serve_file(home, name, log):
    return Exporter(home, name, "--source=file", f"--file.path={log}", "--timezone=UTC", "--start=all", f"--state.path={home}/{name}.state").start()


def memory(bench):
    home = lane.temp_dir()
    (home / "empty.log").write_text("")
    exporter = serve_file(home, "idle", home / "empty.log").wait_ready()
    time.sleep(3)
    exporter.metrics()
    rss = Process(exporter.child.pid).rss_anon_kib() / 1024
    bench.row("RssAnon idle", f"{rss:.1f} MB", "<= 4 MB", rss <= 4)
    lane.stop(exporter.child)

    every_series(home / "full.log")
    exporter = serve_file(home, "full", home / "full.log").wait_ready()
    time.sleep(3)
    text = exporter.metrics()
    in_flight = sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith("kubelet_lifecycle_terminating_pods{"))
    rss = Process(exporter.child.pid).rss_anon_kib() / 1024
    bench.row(f"RssAnon with {in_flight:.0f} pods in flight and {series(text):,} series", f"{rss:.1f} MB", "<= 10 MB", rss <= 10)
    lane.stop(exporter.child)

    log, _ = corpus.log(bench.home, 5 * bench.lines, "text")
    exporter = serve_file(home, "long", log)
    samples = {}
    while (read := exporter.sum_of("lines_total")) < 5 * bench.lines:
        samples[read] = Process(exporter.child.pid).rss_anon_kib() / 1024
        time.sleep(0.02)
    time.sleep(2)
    end = Process(exporter.child.pid).rss_anon_kib() / 1024
    early = next((rss for read, rss in samples.items() if read >= bench.lines), end)
    bench.row(f"RssAnon after {bench.lines:,} and {5 * bench.lines:,} lines", f"{early:.1f} and {end:.1f} MB", "flat within 1 MB", end - early <= 1)
    lane.stop(exporter.child)


def series(text):
    return sum(1 for line in text.splitlines() if line and line[0] != "#")


def every_series(path):
    """Real failures of every recorded kind, then 500 made-up pods in flight."""
    with open(path, "w", encoding="utf-8") as out:
        for packed in sorted((lane.ROOT / "tests/traces/recorded").glob("1.23.15-docker-text-v5/*/kubelet.log.zst")):
            out.write("\n".join(lane.recorded(str(packed.parent.relative_to(lane.ROOT / "tests/traces/recorded")))) + "\n")
        kubelet = Kubelet(3, 500)
        for _, line in itertools.islice(kubelet, 50_000):
            out.write(line + "\n")
        for i in range(500):
            stamp = f"I1123 10:02:{i // 10:02d}.{i % 10}00000    4321 kubelet.go:2108] "
            out.write(f'{stamp}"SyncLoop DELETE" source="api" pods=[ns-{i % 40}/flight-{i}]\n')
            uid = f"{i:08x}-0000-4000-8000-{i:012x}"
            out.write(f'{stamp}"Killing container with a grace period" pod="ns-{i % 40}/flight-{i}" podUID={uid} containerName="app" containerID="containerd://{i:064x}" gracePeriod=30\n')


def scrape(bench, scrapes=300):
    home = lane.temp_dir()
    every_series(home / "full.log")
    exporter = serve_file(home, "scrape", home / "full.log").wait_ready()
    time.sleep(3)
    count = series(exporter.metrics())
    ours = per_scrape(Process(exporter.child.pid), exporter.base + "/metrics", scrapes)
    bench.row(f"one scrape of {count:,} series: CPU a series", f"{ours / count * 1e6:.2f} us", "<= 1.2 us", ours / count <= 1.2e-6)
    if bench.installed("prometheus-node-exporter"):
        port = lane.free_port()
        node = lane.start("prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}", stderr=open(home / "node.log", "wb"))
        url = f"http://127.0.0.1:{port}/metrics"
        lane.wait_for("node_exporter", lambda: lane.get(url)[0] == 200)
        ratios = [per_scrape(Process(exporter.child.pid), exporter.base + "/metrics", 40) / per_scrape(Process(node.pid), url, 40) for _ in range(bench.pairs)]
        middle = statistics.median(ratios)
        bench.row("one scrape: CPU against node_exporter's whole scrape", f"{middle:.3f} ({min(ratios):.3f} to {max(ratios):.3f})", "<= 0.2", middle <= 0.2)
        lane.stop(node)
    lane.stop(exporter.child)


def per_scrape(process, url, scrapes):
    cpu = process.cpu_seconds()
    for _ in range(scrapes):
        assert fetch(url)
    return (process.cpu_seconds() - cpu) / scrapes


def catch_up(bench, seconds=600, lines_per_second=3000):
    """Ten minutes of a busy kubelet have gathered in the journal while the exporter was down."""
    lines = seconds * lines_per_second
    folder, oracle = journal_corpus.make(bench.home / f"journal-down-{lines}", lines, others=False, rate=lines_per_second)
    home = lane.temp_dir()
    exporter = Exporter(home, "catchup", f"--journal.directory={folder}", "--start=all", f"--state.path={home}/state").start()
    begun, not_ready, slowest = time.monotonic(), 0, 0.0
    while True:
        asked = time.monotonic()
        status, text = lane.get(exporter.base + "/metrics")
        ready = lane.get(exporter.base + "/-/ready")[0]
        if ready == 200:
            break
        if status == 200:
            not_ready += 1
            slowest = max(slowest, time.monotonic() - asked)
        if time.monotonic() - begun > 120:
            break
        time.sleep(0.05)
    spent = time.monotonic() - begun
    bench.row(f"catching up with {lines:,} entries", f"{spent:.1f} s, {Process(exporter.child.pid).cpu_seconds():.1f} s of CPU", "< 15 s", spent < 15)
    bench.row("catching up: scrapes answered meanwhile, not ready", f"{not_ready}, the slowest in {slowest * 1e3:.0f} ms", "answered", not_ready > 0 and slowest < 5)
    ended = exporter.sum_of("pod_termination_duration_seconds_count")
    bench.row("catching up: terminations", f"{ended:,.0f}", f"the oracle's {oracle['terminated']:,}", ended == oracle["terminated"])
    lane.stop(exporter.child)
