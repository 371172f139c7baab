# SPDX-License-Identifier: Apache-2.0
"""What the pager leads to: which pods do not end, where they hang, why, and what to do."""
from node import failures
from parts import PREFIX, SILENT, bars_now, dashboard, from_labels, most, number, over_time, own_pod, query, row, steps, table, to_node
from runbooks_url import RUNBOOKS_URL

NODES = 'cluster=~"$cluster", instance=~"$node"'
PODS = f'{NODES}, namespace=~"$namespace"'
AGES = own_pod(f"{PREFIX}stuck_pod_age_seconds{{{PODS}}}")
NOT_SCRAPED = "No exporter is scraped for this choice."
NO_POD = "No pod is stuck: good."
AGE = steps("orange", (900, "red"), (86400, "dark-red"))
RUNBOOK = {"title": "What to do", "url": f"{RUNBOOKS_URL}/PodTerminationStuck.md", "targetBlank": True}
NODE_OF_ROW = to_node("${__data.fields.Node}")

DASHBOARD = dashboard(
    "stuck", "Kubelet lifecycle / Stuck pods", "Every pod whose deletion has outlived its grace period, with the step, the reason and the age.",
    [from_labels("cluster", "Cluster", f"{PREFIX}ready", "cluster"),
     from_labels("node", "Node", f'{PREFIX}ready{{cluster=~"$cluster"}}', "instance"),
     from_labels("namespace", "Namespace", f"{PREFIX}stuck_pod_age_seconds{{{NODES}}}", "namespace")],
    [
        number("How many pods are stuck?", "Older than their grace period and the slack (--stuck.slack, 60 s). All namespaces.",
               [query(f"sum({PREFIX}overdue_pods{{{NODES}}}) or 0 * max({PREFIX}ready{{{NODES}}})", "stuck")], unit="short", nothing=NOT_SCRAPED,
               thresholds=steps("green", (1, "red")), width=6),
        number("On how many nodes?", "Nodes with a stuck pod. One node: look at the node; many: at what they share.",
               [query(f"count(sum by (cluster, instance) ({PREFIX}overdue_pods{{{NODES}}}) > 0) or 0 * max({PREFIX}ready{{{NODES}}})", "nodes")],
               unit="short", nothing=NOT_SCRAPED, thresholds=steps("green", (1, "orange"), (5, "red")), width=6),
        number("How old is the oldest?", "Since its deletion was requested.",
               [query(f"max({PREFIX}stuck_pod_age_seconds{{{PODS}}})", "oldest")], unit="s", nothing=NO_POD, thresholds=AGE, width=6),
        number("How many are not named below?", "An exporter names its 20 oldest stuck pods; these come on top. Its own page has them all.",
               [query(f"sum({PREFIX}stuck_pods_truncated{{{NODES}}})", "not named")], unit="short", nothing=NOT_SCRAPED,
               thresholds=steps("green", (1, "orange")), width=6),
        table("Which pods are stuck, where, and why?",
              "The oldest first. Reason none: nothing has failed, the step hangs in silence, as a dead mount and a finalizer do. A click on the node leads to its dashboard, one on the reason to the runbook.",
              [query(f"max by (cluster, instance, namespace, pod, phase, reason) ({AGES})", table=True)],
              unit="short", nothing=NO_POD, by="Age", width=24, height=10,
              columns={"Value": ("Age", {"unit": "s", "decimals": 1, "custom.width": 110, "thresholds": AGE, "color": {"mode": "thresholds"},
                                         "custom.cellOptions": {"type": "color-text"}}),
                       "namespace": ("Namespace", {}), "pod": ("Pod", {}), "phase": ("Step", {}),
                       "reason": ("Reason", {"links": [RUNBOOK], "mappings": SILENT}), "instance": ("Node", {"links": [NODE_OF_ROW]}), "cluster": ("Cluster", {})}),
        row("Since when"),
        over_time("Since when do pods hang, and in which step?", "Stuck pods by step and reason. All at once: something they share broke then.",
                  [query(f'label_replace(sum by (phase, reason) ({PREFIX}overdue_pods{{{NODES}}}), "reason", "silent", "reason", "")', "{{phase}}: {{reason}}")],
                  unit="short", nothing="No pod was stuck in this time: good.", stack=True, width=8, height=10),
        over_time("How does the age of each grow?", "A line that ends: the pod is gone. Only the five oldest.",
                  [query(most(5, f"max by (namespace, pod) ({AGES})"), "{{namespace}}/{{pod}}")],
                  unit="s", nothing="No pod was stuck in this time: good.", width=8, height=10),
        over_time("Do the attempts still fail?", "Failed attempts by step and reason on these nodes. Attempts that go on failing: mend the cause, the kubelet does the rest. None, and still stuck: the call itself hangs.",
                  failures(NODES), unit="short", nothing="No attempt failed in this time: what is stuck is silent.", stack=True, bars=True, width=8, height=10),
        bars_now("Which steps hold old pods, stuck or not yet?", "Age of the oldest termination in each step: what may be stuck soon.",
                 [query(f"max by (phase) ({PREFIX}terminating_oldest_age_seconds{{{NODES}}})", "{{phase}}", instant=True)], unit="s",
                 nothing=NOT_SCRAPED, thresholds=steps("green", (60, "orange"), (900, "red")), width=12, height=8),
        bars_now("Which nodes hold the stuck pods?", "The ten that hold most. A click leads to the node.",
                 [query(f"topk(10, sum by (cluster, instance) ({PREFIX}overdue_pods{{{NODES}}}) > 0)", "{{instance}}", instant=True)],
                 unit="short", nothing=NO_POD, thresholds=steps("red"), links=[to_node()], width=12, height=8),
    ])
