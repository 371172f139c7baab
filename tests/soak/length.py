#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A day's lines, 200 a second, at full speed: memory does not grow with what was read.

  length.py [--short] [--lines=N]
"""
import argparse
import itertools
import time

from soak import Exporter, figure, lane
from kubelet_log import Kubelet


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--lines", type=int)
    arguments = parser.parse_args()
    wanted = arguments.lines or (2_000_000 if arguments.short else 17_000_000)
    home = lane.temp_dir()
    log = home / "kubelet.log"
    kubelet = iter(Kubelet(1, 200))
    with open(log, "w", encoding="utf-8") as out:
        out.writelines(line + "\n" for _, line in itertools.islice(kubelet, wanted))
    exporter = Exporter(home, "exporter", "--source=file", f"--file.path={log}", "--timezone=UTC", "--start=all",
                        f"--state.path={home}/state").start()
    samples, begun = [], time.monotonic()
    while (read := exporter.sum_of("lines_total")) < wanted:
        if read > 0 and (not samples or read > samples[-1][0]):
            samples.append((read, exporter.rss_anon_kib(), exporter.descriptors()))
        time.sleep(0.02)
    samples.append((wanted, exporter.rss_anon_kib(), exporter.descriptors()))
    figure("length.seconds", round(time.monotonic() - begun, 1))
    # After the pods that a node has are known.
    settled = samples[len(samples) // 3:]
    growth = (settled[-1][1] - settled[0][1]) / max(settled[-1][0] - settled[0][0], 1) * 10_000_000
    figure("length.lines", wanted)
    figure("length.rss_anon_kib_first_last", (settled[0][1], settled[-1][1]))
    figure("length.growth_kib_per_10M_lines", round(growth))
    figure("length.descriptors_most", max(s[2] for s in samples))
    limit = 1024 if not arguments.short else 10_240  # too few lines to tell a slope from noise
    lane.expect("RssAnon grows under 1 MB per 10 million lines", growth < limit, samples[-4:])
    lane.expect("descriptors bounded", max(s[2] for s in samples) < 200)
    lane.stop(exporter.child)
    lane.finish()


if __name__ == "__main__":
    main()
