# SPDX-License-Identifier: Apache-2.0
"""One node. Raw series, so that nothing but the exporter is needed."""
from parts import (PREFIX, SILENT, bars_now, choice, dashboard, from_labels, heat, most, number, over_time, own_pod, query, row, short, steps, table, to_dashboard,
                   to_exporter_page)

# One node: Grafana escapes for =~ only what may be several, and [::1]:10298 is no regular expression.
HERE = 'cluster=~"$cluster", instance="$node"'
EXACT = f'{HERE}, precision=~"$precision"'
NOT_SCRAPED = "This node's exporter is not scraped."
NOTHING_ENDED = "No pod ended on this node in this time, or its log level (below 2) hides it."
FAILURES = (("stop_containers", "container_kill"), ("stop_sandbox", "sandbox_stop"), ("unmount_volumes", "volume_unmount"),
            ("remove_cgroup", "cgroup_removal"), ("update_status", "status_update"))


def rate(name, where=HERE):
    return f"rate({PREFIX}{name}{{{where}}}[$__rate_interval])"


def quantile(q, name, by="", where=HERE):
    return f"histogram_quantile({q}, sum by (le{', ' + by if by else ''}) ({rate(name + '_bucket', where)}))"


def mean(name, by, where=HERE):
    return f"sum by ({by}) ({rate(name + '_sum', where)}) / (sum by ({by}) ({rate(name + '_count', where)}) > 0)"


def failures(where=HERE):
    """One query for each family, so that a legend says step and reason."""
    return [query(f"sum by (reason) (increase({PREFIX}{family}_failures_total{{{where}}}[$__rate_interval])) > 0", f"{phase}: {{{{reason}}}}")
            for phase, family in FAILURES]


RIGHT_NOW = [
    row("Right now"),
    number("How many pods are stuck?", "Pods whose deletion has outlived their grace period by more than the slack.",
           [query(f"sum({PREFIX}overdue_pods{{{HERE}}}) or 0 * max({PREFIX}ready{{{HERE}}})", "stuck")], unit="short", nothing=NOT_SCRAPED,
           thresholds=steps("green", (1, "red")), links=[to_dashboard("stuck", "Which, and why", "&var-node=${node}")]),
    number("How many pods are ending?", "Terminations in flight, on time ones included.",
           [query(f"sum({PREFIX}terminating_pods{{{HERE}}})", "ending")], unit="short", nothing=NOT_SCRAPED, thresholds=steps("blue")),
    number("How old is the oldest?", "Age of the oldest termination in flight since its request.",
           [query(f"max({PREFIX}terminating_oldest_age_seconds{{{HERE}}})", "oldest")], unit="s", nothing=NOT_SCRAPED,
           thresholds=steps("green", (60, "orange"), (300, "red"))),
    number("Which kubelet is it?", "Version and container runtime, as the kubelet printed them when it started. The exporter's own page has the single terminations.",
           [query(f"{PREFIX}kubelet_info{{{HERE}}}", "{{version}} {{runtime}}")], unit="short", text="name", graph=False,
           nothing="The kubelet was not started since the exporter looks: its version is in its first line only.", thresholds=steps("text"), links=[to_exporter_page("${node}")]),
    number("What is its log level?", "Highest -v that a line has proven. Below 2 no termination is timed; 4 makes every step exact.",
           [query(f"max({PREFIX}kubelet_verbosity_seen{{{HERE}}})", "-v")], unit="prefix:-v ", nothing=NOT_SCRAPED, graph=False,
           thresholds=steps("red", (2, "orange"), (4, "green"))),
    number("Is its exporter ready?", "Whether the exporter has caught up with the kubelet's log.",
           [query(f"min({PREFIX}ready{{{HERE}}})", "ready")], unit="short", nothing=NOT_SCRAPED, graph=False,
           thresholds=steps("red", (1, "green")), links=[to_dashboard("exporter-health", "Exporter health")],
           mappings=[{"type": "value", "options": {"0": {"text": "no", "color": "red", "index": 0}, "1": {"text": "yes", "color": "green", "index": 1}}}]),
]

SPEED = [
    row("How fast do pods end"),
    heat("How long did terminations take?", "Each column is a moment, each cell the number of pods that took so long, from the deletion request to the last container and the sandbox stopped. A band at 30 s is pods that ignore SIGTERM.",
         [query(f"sum by (le) (increase({PREFIX}pod_termination_duration_seconds_bucket{{{EXACT}}}[$__rate_interval]))", "{{le}}", heatmap=True)],
         unit="s", nothing=NOTHING_ENDED, width=12, height=9),
    over_time("Which step takes the time?", "Mean seconds that each step takes. A step that the log level hides is missing.",
              [query(mean("pod_termination_phase_duration_seconds", "phase", EXACT), "{{phase}}")], unit="s", nothing=NOTHING_ENDED,
              stack=True, bars=True, width=12, height=9),
    over_time("How much grace is granted, and how much is used?", "granted: the mean terminationGracePeriodSeconds of what ended. used: the mean time from the kill to a container's exit.",
              [query(f"sum({rate('termination_grace_period_seconds_sum')}) / (sum({rate('termination_grace_period_seconds_count')}) > 0)", "granted"),
               query(f"sum({rate('container_stop_duration_seconds_sum', EXACT)}) / (sum({rate('container_stop_duration_seconds_count', EXACT)}) > 0)", "used")],
              unit="s", nothing=NOTHING_ENDED, width=8),
    over_time("How near do pods come to the end of their grace?", "The longest container stop, hooks included, divided by the grace granted: half of the pods, and nine of ten, use no more. From 100 % on they are killed.",
              [query(quantile(q, "termination_grace_used_ratio"), f"p{round(q * 100)}") for q in (0.5, 0.9)],
              unit="percentunit", nothing=NOTHING_ENDED, thresholds=steps("transparent", (1, "red")), line_at=True, width=8),
    over_time("How many pods ended, and how?", "graceful: ended by itself in time. killed: SIGKILL when the grace ran out. failed: a kill failed and was never made good. forced: deleted with grace 0.",
              [query(f"sum by (outcome) (increase({PREFIX}pod_terminations_total{{{HERE}}}[$__rate_interval])) > 0", "{{outcome}}")],
              unit="short", nothing=NOTHING_ENDED, stack=True, bars=True, width=8),
]

TROUBLE = [
    row("What hangs and fails"),
    over_time("In which step are the pods that are ending?", "Terminations in flight by the step they are in. A plateau in one step is where to look.",
              [query(f"sum by (phase) ({PREFIX}terminating_pods{{{HERE}}}) > 0", "{{phase}}")], unit="short", nothing="No pod was ending in this time.",
              stack=True, width=12),
    over_time("What fails, and why?", "Failed attempts by step and reason. The kubelet tries again: a short burst is normal, a plateau is not.",
              failures(), unit="short", nothing="Nothing failed on this node in this time: good.", stack=True, bars=True, width=12),
    table("Which pods are stuck here?", "The 20 oldest. Reason none: nothing has failed, the step is silent. A hung mount and a finalizer say nothing.",
          [query(f"max by (namespace, pod, phase, reason) ({own_pod(f'{PREFIX}stuck_pod_age_seconds{{{HERE}}}')})", table=True)], unit="short", nothing="No pod is stuck on this node: good.", by="Age", width=24, height=7,
          columns={"Value": ("Age", {"unit": "s", "custom.width": 110}), "namespace": ("Namespace", {}), "pod": ("Pod", {}), "phase": ("Step", {}),
                   "reason": ("Reason", {"mappings": SILENT})}),
    over_time("Which volume plugin is slow?", "90th percentile from the first attempt to unmount until it succeeds, failed attempts and back-off included. The six slowest.",
              [query(short(most(6, quantile(0.9, "volume_unmount_duration_seconds", "plugin, operation"))), "{{plugin}} {{operation}}")], unit="s",
              nothing="No volume was unmounted in this time.", width=8),
    over_time("How long do preStop hooks take?", "Mean by how they ended. A hook that takes its whole grace leaves none for the application.",
              [query(mean("prestop_hook_duration_seconds", "outcome"), "{{outcome}}")], unit="s",
              nothing="No preStop hook ran in this time, or the log level (below 3) hides it.", width=8),
    over_time("How long do the steps of a start take?", "90th percentile by step, from the moment the kubelet heard of the pod.",
              [query(quantile(0.9, "pod_startup_phase_duration_seconds", "phase"), "{{phase}}")], unit="s",
              nothing="No pod started in this time, or the log level (below 2) hides it.", width=8),
]

KUBELET = [
    row("The kubelet itself"),
    over_time("Did the kubelet start anew, or stand still?", "restart: a new kubelet process. skipped: rounds in which it did nothing for any pod, by reason. orphan: a pod found running without an object.",
              [query(f"increase({PREFIX}kubelet_restarts_total{{{HERE}}}[$__rate_interval])", "restart"),
               query(f"sum by (reason) (increase({PREFIX}sync_skips_total{{{HERE}}}[$__rate_interval])) > 0", "skipped: {{reason}}"),
               query(f"increase({PREFIX}orphaned_pods_total{{{HERE}}}[$__rate_interval]) > 0", "orphan"),
               query(f"sum by (result) (increase({PREFIX}node_shutdowns_total{{{HERE}}}[$__rate_interval])) > 0", "shutdown {{result}}")],
              unit="short", nothing=NOT_SCRAPED, bars=True, stack=True, width=12, height=12),
    bars_now("Which timings does its log level show?", "1: this timing can be measured at the highest -v seen.",
             [query(f"max by (signal) ({PREFIX}signal_available{{{HERE}}})", "{{signal}}", instant=True)], unit="short", nothing=NOT_SCRAPED,
             max=1, thresholds=steps("red", (1, "green")), width=12, height=12,
             mappings=[{"type": "value", "options": {"0": {"text": "hidden", "color": "red", "index": 0}, "1": {"text": "shown", "color": "green", "index": 1}}}]),
]

DASHBOARD = dashboard(
    "node", "Kubelet lifecycle / Node", "How pods end on one node: how long, in which step, what fails.",
    [from_labels("cluster", "Cluster", f"{PREFIX}ready", "cluster"),
     from_labels("node", "Node", f'{PREFIX}ready{{cluster=~"$cluster"}}', "instance", several=False),
     choice("precision", "Precision", ["exact", "relist", "bound"])],
    RIGHT_NOW + SPEED + TROUBLE + KUBELET)
