# SPDX-License-Identifier: Apache-2.0
"""Whether the other dashboards can be believed: what the exporters read, missed and could not read, and what they cost."""
from parts import PREFIX, bars_now, dashboard, from_labels, most, number, over_time, query, row, steps, to_exporter_page, to_node

HERE = 'cluster=~"$cluster", instance=~"$node"'
LAST_EVENT = f"{PREFIX}last_event_timestamp_seconds{{{HERE}}}"
NOT_SCRAPED = "No exporter is scraped for this choice."
OURS = f"and on (cluster, job, instance) {PREFIX}build_info{{{HERE}}}"


def more(name, by="", where=HERE, legend="", over="$__rate_interval"):
    of = f"increase({PREFIX}{name}{{{where}}}[{over}])"
    return query(f"sum by ({by}) ({of}) > 0" if by else f"sum({of})", legend or f"{{{{{by}}}}}")


SUMMARY = [
    row("Can the figures be believed"),
    number("How many exporters?", "Every exporter that answers. One that is down is not among them: Fleet counts those, and the alert ExporterDown names them.",
           [query(f"count({PREFIX}ready{{{HERE}}})", "exporters")], unit="short", nothing=NOT_SCRAPED, thresholds=steps("blue")),
    number("How many are not ready?", "Not ready: still catching up, no kubelet line seen, or journal files that cannot be read. The exporter's /-/ready says which.",
           [query(f"count({PREFIX}ready{{{HERE}}}) - sum({PREFIX}ready{{{HERE}}})", "not ready")], unit="short", nothing=NOT_SCRAPED,
           thresholds=steps("green", (1, "red"))),
    number("How far behind, at most?", "Age of the last entry when it was read. Seconds are fine; a growing lag is not.",
           [query(f"max({PREFIX}journal_lag_seconds{{{HERE}}})", "lag")], unit="s", nothing=NOT_SCRAPED, thresholds=steps("green", (10, "orange"), (60, "red"))),
    number("How many lines were lost?", "Within the last hour: lines that journald suppressed for its rate limit. Pods in flight then are uncertain. RateLimitBurst= in journald.conf, or a lower -v, helps.",
           [query(f"sum(increase({PREFIX}lines_suppressed_total{{{HERE}}}[1h]))", "lost")], unit="short", decimals=0, nothing=NOT_SCRAPED, thresholds=steps("green", (1, "red"))),
    number("How many journal gaps?", "Within the last hour: times that entries were missing: vacuumed before they were read, a damaged file, a changed boot.",
           [query(f"sum(increase({PREFIX}journal_gaps_total{{{HERE}}}[1h]))", "gaps")], unit="short", decimals=0, nothing=NOT_SCRAPED, thresholds=steps("green", (1, "orange"))),
    number("Is every state written?", "Commits of the state file that failed within the last hour. Counting goes on, but a restart would count twice what came since.",
           [query(f"sum(increase({PREFIX}state_commit_errors_total{{{HERE}}}[1h]))", "failed")], unit="short", decimals=0, nothing=NOT_SCRAPED,
           thresholds=steps("green", (1, "red")),
           mappings=[{"type": "value", "options": {"0": {"text": "yes", "color": "green", "index": 0}}}]),
]

READING = [
    row("What is read"),
    over_time("How many lines are read, and how do they look?", "klog_text and klog_json are the kubelet's; others are no kubelet lines.",
              [query(f"sum by (format) (rate({PREFIX}lines_total{{{HERE}}}[$__rate_interval])) > 0", "{{format}}")],
              unit="suffix:/s", nothing="No line was read in this time.", stack=True),
    over_time("Which events are found in them?", "Lines that the event catalogue took, the eight most frequent kinds. None although lines are read: a kubelet whose words are not known yet, or a log level that hides them.",
              [query(most(8, f"sum by (event) (rate({PREFIX}events_total{{{HERE}}}[$__rate_interval])) > 0"), "{{event}}")],
              unit="suffix:/s", nothing="No event was found in this time.", stack=True),
    over_time("How long ago was the last event?", "The three longest. A node on which nothing happens is quiet for minutes; for hours, look at its kubelet's log.",
              [query(f"time() - ({LAST_EVENT} and bottomk(3, {LAST_EVENT} @ end() > 0))", "{{instance}}")], unit="s",
              nothing="No exporter has seen an event yet.", links=[to_node(), to_exporter_page()]),
    over_time("Which exporters lag behind?", "Age of the last entry when it was read, the five worst.",
              [query(most(5, f"{PREFIX}journal_lag_seconds{{{HERE}}}"), "{{instance}}")], unit="s", nothing=NOT_SCRAPED,
              links=[to_node(), to_exporter_page()]),
    over_time("How near is journald to deleting what was not read?", "How far a reader is ahead of the entry that vacuuming would take next, the three least.",
              [query(most(3, f"{PREFIX}journal_headroom_seconds{{{HERE}}}", "bottomk", "min_over_time"), "{{instance}}")], unit="s", nothing="No exporter reads a journal: of a log file it is not known.",
              links=[to_node(), to_exporter_page()]),
    over_time("What is missing or cannot be read?", "gap: entries missing from the journal. bad: records that look like the kubelet's and cannot be read. unreadable: files. Also lines suppressed by journald.",
              [more("journal_gaps_total", "reason", legend="gap: {{reason}}"), more("parse_errors_total", "reason", legend="bad: {{reason}}"),
               query(f"sum(increase({PREFIX}lines_suppressed_total{{{HERE}}}[$__rate_interval])) > 0", "suppressed lines"),
               query(f"sum by (reason) ({PREFIX}journal_files_unreadable{{{HERE}}}) > 0", "unreadable: {{reason}}")],
              unit="short", nothing="Nothing was missing, and all could be read: good.", bars=True, stack=True),
]

COVERAGE = [
    row("What it can see"),
    bars_now("Which timings can be measured, on how many nodes?", "Share of the nodes whose log level shows it. -v=2 shows most, -v=4 all.",
             [query(f"avg by (signal) ({PREFIX}signal_available{{{HERE}}})", "{{signal}}", instant=True)], unit="percentunit", max=1, nothing=NOT_SCRAPED,
             thresholds=steps("red", (0.5, "orange"), (1, "green")), width=8, height=12),
    over_time("Was anything given up?", "evicted: more terminations in flight than are kept. expired: uncertain and silent for an hour. left out: details of a record that holds as many as it may. clock: the wall clock stepped.",
              [more("tracker_evictions_total", "reason"), more("tracker_dropped_total", "list", legend="left out: {{list}}"),
               query(f"sum(increase({PREFIX}clock_steps_total{{{HERE}}}[$__rate_interval])) > 0", "clock stepped"),
               more("state_rejected_total", "reason", legend="state rejected: {{reason}}")],
              unit="short", nothing="Nothing was given up in this time: good.", bars=True, stack=True, width=8, height=12),
    over_time("How many pods are remembered?", "By node, the five most. 22,000 at most.",
              [query(most(5, f"{PREFIX}tracked_pods{{{HERE}}}"), "{{instance}}")], unit="short", nothing=NOT_SCRAPED, links=[to_node(), to_exporter_page()],
              width=8, height=12),
]

COST = [
    row("What it costs"),
    over_time("How much memory?", "Resident memory, the five most.",
              [query(most(5, f"process_resident_memory_bytes{{{HERE}}} {OURS}"), "{{instance}}")], unit="bytes", nothing=NOT_SCRAPED, links=[to_node()]),
    over_time("How much processor time?", "Share of one core, the five most.",
              [query(most(5, f"rate(process_cpu_seconds_total{{{HERE}}}[$__rate_interval]) {OURS}"), "{{instance}}")], unit="percentunit", nothing=NOT_SCRAPED, links=[to_node()]),
    over_time("How often is the state written?", "One to a second while lines come, none at rest. Mean and the rarest writer.",
              [query(f"avg(rate({PREFIX}state_commits_total{{{HERE}}}[$__rate_interval]))", "mean"),
               query(f"min(rate({PREFIX}state_commits_total{{{HERE}}}[$__rate_interval]))", "rarest"),
               query(f"sum(rate({PREFIX}state_commit_errors_total{{{HERE}}}[$__rate_interval])) > 0", "failed")], unit="suffix:/s", nothing=NOT_SCRAPED),
    bars_now("Which exporter versions run?", "Mixed versions are fine while a roll-out lasts.",
             [query(f"count by (version) ({PREFIX}build_info{{{HERE}}})", "{{version}}", instant=True)], unit="short", nothing=NOT_SCRAPED, thresholds=steps("blue"), width=8, height=6),
    bars_now("Who polls the journal?", "Nodes on which the journal is looked at every 250 ms, since the system gives no inotify watch. It works, and costs a little.",
             [query(f"{PREFIX}journal_polling{{{HERE}}} > 0", "{{instance}}", instant=True)], unit="short", nothing="None polls: good.", thresholds=steps("orange"), width=8, height=6,
             links=[to_node()]),
    bars_now("Who has most descriptors open?", "The five most, as a share of the limit.",
             [query(f"topk(5, process_open_fds{{{HERE}}} / process_max_fds {OURS})", "{{instance}}", instant=True)], unit="percentunit", max=1, nothing=NOT_SCRAPED, decimals=3,
             thresholds=steps("green", (0.8, "red")), width=8, height=6, links=[to_node()]),
]

DASHBOARD = dashboard(
    "exporter-health", "Kubelet lifecycle / Exporter health", "Whether the other dashboards can be believed: coverage, lag, gaps, errors, resources.",
    [from_labels("cluster", "Cluster", f"{PREFIX}ready", "cluster"),
     from_labels("node", "Node", f'{PREFIX}ready{{cluster=~"$cluster"}}', "instance")],
    SUMMARY + READING + COVERAGE + COST)
