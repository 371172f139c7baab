# SPDX-License-Identifier: Apache-2.0
"""What an exporter serves, held against what `report` says of the same log."""
import collections
import json

import lane


def samples_of(text):
    """{name with labels: value} of an exposition."""
    return {key: float(value) for key, value in (line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#")}


def total(samples, name):
    return sum(value for key, value in samples.items() if key.split("{")[0] == f"kubelet_lifecycle_{name}")


def compare(samples, api, expected):
    ended = [t for t in expected["terminations"] if t["state"] in ("removed", "terminated") and t["trigger"] != "finished"]
    in_flight = [t for t in expected["terminations"] if t["state"] == "in_flight"]
    lane.expect("the log ends something", len(ended) > 3)
    for name, count in (("events_total", expected["source"]["events"]), ("pod_terminations_total", len(ended)),
                        ("terminating_pods", len(in_flight)), ("lines_total", expected["source"]["lines"])):
        print(f"figure: {name} = {total(samples, name):.0f}")
        lane.expect(f"{name} as report has it", total(samples, name) == count, f"{total(samples, name)} against {count}")
    counts = collections.Counter(f'kubelet_lifecycle_pod_terminations_total{{outcome="{t["outcome"]}",trigger="{t["trigger"]}"}}'
                                 for t in ended)
    got = {key: value for key, value in samples.items() if key.startswith("kubelet_lifecycle_pod_terminations_total") and value}
    lane.expect("by trigger and outcome", got == dict(counts), f"{got} against {dict(counts)}")
    uids = {t["uid"] for t in json.loads(api)["terminations"]}
    lane.expect("every record", {t["uid"] for t in ended + in_flight} <= uids)
