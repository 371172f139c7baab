# SPDX-License-Identifier: Apache-2.0
"""All clusters at once. Reads recorded series only (dashboards/prometheus/recording-rules.yaml): as quick at 10,000 nodes as at 10."""
from parts import (PREFIX, bars_now, choice, dashboard, from_labels, most, number, over_time, query, row, short, steps, to_dashboard, to_node)

HERE = 'cluster=~"$cluster"'
EXACT = f'{HERE}, precision=~"$precision"'
TERMINATION = f"cluster:{PREFIX}pod_termination_duration_seconds_bucket:rate5m"
NOT_RECORDED = "No recorded series: are the recording rules loaded, and is an exporter scraped?"
NOTHING_ENDED = "No pod ended in this time."


def quantile(q, series, by="", where=EXACT):
    return f"histogram_quantile({q}, sum by (le{', ' + by if by else ''}) ({series}{{{where}}}))"


RIGHT_NOW = [
    row("Right now"),
    number("How many pods are stuck?", "Pods whose deletion has outlived their grace period by more than the slack (--stuck.slack, 60 s).",
           [query(f"sum(cluster:{PREFIX}stuck:sum{{{HERE}}})", "stuck")], unit="short", nothing=NOT_RECORDED,
           thresholds=steps("green", (1, "red")), links=[to_dashboard("stuck", "Which, and why")]),
    number("How many pods are ending?", "Terminations in flight, on time ones included.",
           [query(f"sum(cluster:{PREFIX}terminating_pods:sum{{{HERE}}})", "ending")], unit="short", nothing=NOT_RECORDED,
           thresholds=steps("blue")),
    number("How many end per second?", "Terminations that were completed, all nodes together, mean of the last 5 minutes.",
           [query(f"sum(cluster:{PREFIX}pod_terminations:rate5m{{{HERE}}})", "ended")], unit="suffix:/s", nothing=NOT_RECORDED,
           decimals=2, thresholds=steps("blue")),
    number("How long take nine of ten?", "90th percentile of the time from the deletion request to the last container and the sandbox stopped, last 5 minutes.",
           [query(quantile(0.9, TERMINATION), "p90")], unit="s", nothing=NOTHING_ENDED, thresholds=steps("green", (35, "orange"), (120, "red"))),
    number("How many used up grace?", "Share of terminations in which a container used up its grace period and got SIGKILL (exit code 137), last 5 minutes.",
           [query(f"sum(cluster:{PREFIX}grace_period_exceeded:rate5m{{{HERE}}}) / (sum(cluster:{PREFIX}pod_terminations:rate5m{{{HERE}}}) > 0)", "killed")],
           unit="percentunit", nothing=NOTHING_ENDED, decimals=1, thresholds=steps("green", (0.05, "orange"), (0.2, "red"))),
    number("Are all exporters ready?", "Share of the exporters that answer which have caught up with their log; the others know less than there is. Beside it: how many targets do not answer at all. See Exporter health.",
           [query(f"sum(cluster:{PREFIX}exporters_ready:sum{{{HERE}}}) / sum(cluster:{PREFIX}exporters:count{{{HERE}}})", "ready"),
            query(f"sum(cluster:{PREFIX}exporters_down:sum{{{HERE}}})", "down")],
           unit="percentunit", nothing=NOT_RECORDED, decimals=0, max=1, thresholds=steps("red", (0.9, "orange"), (1, "green")), graph=False,
           overrides=[{"matcher": {"id": "byName", "options": "down"},
                       "properties": [{"id": "unit", "value": "short"}, {"id": "thresholds", "value": steps("green", (1, "red"))}]}],
           links=[to_dashboard("exporter-health", "Exporter health")]),
]

SPEED = [
    row("How fast do pods end"),
    over_time("How long does a termination take?", "From the deletion request to the last container and the sandbox stopped, by cluster: half, nine of ten, and 99 of 100 pods take no longer. Where a cluster has no label, the legend shows the percentile alone.",
              [query(quantile(q, TERMINATION, "cluster"), f"{{{{cluster}}}} p{round(q * 100)}") for q in (0.5, 0.9, 0.99)],
              unit="s", nothing=NOTHING_ENDED, width=12, height=9),
    over_time("Which step takes the time?", "Mean seconds that each step of a termination takes; together they are the way of a mean pod. A step that the kubelet's log level hides is missing.",
              [query(f"sum by (phase) (cluster:{PREFIX}pod_termination_phase_duration_seconds_sum:rate5m{{{EXACT}}}) / (sum by (phase) (cluster:{PREFIX}pod_termination_phase_duration_seconds_count:rate5m{{{EXACT}}}) > 0)",
                     "{{phase}}")], unit="s", nothing=NOTHING_ENDED, stack=True, width=12, height=9),
    over_time("How many pods end, and how?", "graceful: ended by itself in time. killed: SIGKILL when the grace ran out. failed: a kill failed and was never made good. forced: deleted with grace 0.",
              [query(f"sum by (outcome) (cluster:{PREFIX}pod_terminations:rate5m{{{HERE}}}) > 0", "{{outcome}}")],
              unit="suffix:/s", nothing=NOTHING_ENDED, stack=True, width=8),
    over_time("Why do they end?", "api_delete: somebody or a controller deleted the pod. The others: eviction, deadline, preemption, node shutdown, a static pod's file removed, ...",
              [query(f"sum by (trigger) (cluster:{PREFIX}pod_terminations:rate5m{{{HERE}}}) > 0", "{{trigger}}")],
              unit="suffix:/s", nothing=NOTHING_ENDED, stack=True, width=8),
    over_time("Which cluster kills pods that need more grace?", "Share of terminations in which a container got SIGKILL since its grace had run out. A jump after a roll-out: an application that no longer handles SIGTERM.",
              [query(f"cluster:{PREFIX}grace_period_exceeded:ratio_rate5m{{{HERE}}}", "{{cluster}} killed")],
              unit="percentunit", nothing=NOTHING_ENDED, width=8),
]

FAILURES = [
    row("What fails"),
    over_time("What fails, and why?", "Failed attempts a second by step and reason. The kubelet tries again: a short burst is normal, a plateau is not. The six most.",
              [query(most(6, f"sum by (phase, reason) (cluster:{PREFIX}termination_failures:rate5m{{{HERE}}})"), "{{phase}}: {{reason}}")],
              unit="suffix:/s", nothing="Nothing failed in this time: good.", stack=True, bars=True, width=8, height=10),
    over_time("Which volume plugin is slow?", "90th percentile of the time from the first attempt to unmount until it succeeds, failed attempts and back-off included. A hung volume is not in here until it ends: see the stuck pods. The six slowest.",
              [query(short(most(6, quantile(0.9, f"cluster:{PREFIX}volume_unmount_duration_seconds_bucket:rate5m", "plugin", HERE))), "{{plugin}}")],
              unit="s", nothing="No volume was unmounted in this time.", width=8, height=10),
    over_time("Which volume plugin fails?", "Failed attempts to unmount, a second, by plugin and reason. The six most.",
              [query(short(most(6, f"sum by (plugin, reason) (cluster:{PREFIX}volume_unmount_failures:rate5m{{{HERE}}}) > 0")), "{{plugin}}: {{reason}}")],
              unit="suffix:/s", nothing="No unmount failed in this time: good.", stack=True, bars=True, width=8, height=10),
]

PLACES = [
    row("Where"),
    bars_now("In which step do pods hang, and why?", "Stuck pods now by step and reason; 'silent' has no failure in the log: a hung mount and a finalizer say nothing.",
             [query(f'label_replace(sum by (phase, reason) (cluster:{PREFIX}overdue_pods:sum{{{HERE}}}), "reason", "silent", "reason", "")', "{{phase}}: {{reason}}", instant=True)],
             unit="short", nothing="No pod is stuck: good.", thresholds=steps("red"), links=[to_dashboard("stuck", "Which pods")], width=9),
    bars_now("Which nodes hold stuck pods?", "The ten worst. A click leads to the node.",
             [query(f"topk(10, instance:{PREFIX}overdue_pods:topk10{{{HERE}}})", "{{instance}}", instant=True)],
             unit="short", nothing="No node holds a stuck pod: good.", thresholds=steps("red"), links=[to_node()], width=5),
    bars_now("Which nodes fail the most?", "Failed attempts a second, last 5 minutes, the ten worst. One node: look at the node. One reason on all: look at the driver, the network plugin, the runtime.",
             [query(f"topk(10, instance:{PREFIX}termination_failures:rate5m_topk10{{{HERE}}})", "{{instance}}", instant=True)],
             unit="suffix:/s", nothing="No attempt failed within 5 minutes: good.", decimals=3, thresholds=steps("orange"), links=[to_node()], width=5),
    bars_now("Which nodes are the slowest?", "90th percentile of a termination, last 5 minutes, the ten worst.",
             [query(f"topk(10, instance:{PREFIX}pod_termination_duration_seconds:p90_rate5m_topk10{{{HERE}}})", "{{instance}}", instant=True)],
             unit="s", nothing="No pod ended within 5 minutes.", thresholds=steps("green", (35, "orange"), (120, "red")), links=[to_node()], width=5),
]

VERSIONS = [
    row("Kubelet versions side by side"),
    over_time("Is a kubelet version slower than the others?", "90th percentile of a termination by kubelet version. The version is in the kubelet's first line: where the exporter never saw it, 'unknown'.",
              [query(quantile(0.9, f"cluster_version:{PREFIX}pod_termination_duration_seconds_bucket:rate5m", "version"), "{{version}}")],
              unit="s", nothing=NOTHING_ENDED, width=12),
    bars_now("How many nodes run which kubelet?", "By the version that the kubelet printed when it started.",
             [query(f"sum by (version) (cluster_version:{PREFIX}nodes:count{{{HERE}}})", "{{version}}", instant=True)],
             unit="short", nothing="No kubelet's version is known: none was started since its exporter looks.", thresholds=steps("blue"), width=6),
    bars_now("What can the kubelets' log levels show?", "Nodes by the highest -v seen. Below 2 no termination is timed; 4 makes every step exact.",
             [query(f"sum by (verbosity) (cluster:{PREFIX}kubelet_verbosity_seen:count{{{HERE}}})", "-v={{verbosity}}", instant=True)],
             unit="short", nothing=NOT_RECORDED, thresholds=steps("blue"), width=6),
]

DASHBOARD = dashboard(
    "fleet", "Kubelet lifecycle / Fleet", "How pods end on all nodes: how fast, what fails, where they hang. Reads recorded series only.",
    [from_labels("cluster", "Cluster", f"cluster:{PREFIX}exporters:count", "cluster"),
     choice("precision", "Precision", ["exact", "relist", "bound"])],
    RIGHT_NOW + SPEED + FAILURES + PLACES + VERSIONS)
