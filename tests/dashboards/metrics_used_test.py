#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every metric, label and value of a closed set that a rule or a dashboard uses is one that the binary declares: a metric
renamed in the code without its dashboard fails here."""
import copy
import json
import re
import subprocess
import sys

from project import BINARY, ROOT, load

PREFIX = "kubelet_lifecycle_"
# What a scrape or an external label adds; exported_*: what a scrape that keeps its own labels makes of the metric's.
TARGET_LABELS = {"job", "instance", "node", "cluster", "namespace", "pod", "exported_namespace", "exported_pod", "__name__"}
METRIC = re.compile(r"(?<![\w:])" + PREFIX + r"(\w+)(?:\{([^{}]*)\})?")
RECORD = re.compile(r"(?<![\w:.\"'])([a-z_]\w*(?::\w+)+)(?![\w:]*[(/.])")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*(?:"((?:[^"\\]|\\.)*)"|(%[qsv]))')
GROUPING = re.compile(r"\b(by|without|on|ignoring|group_left|group_right)\s*\(([^()]*)\)")


def declared():
    return {row["name"]: row for row in json.loads(subprocess.run([BINARY, "metrics", "--format=json"], check=True, capture_output=True).stdout)}


def rule_files():
    return sorted((ROOT / "dashboards/prometheus").glob("*.yaml"))


def dashboards():
    return sorted((ROOT / "dashboards/grafana").glob("*.json"))


def strings(node, path=""):
    """(path, text) of every string below."""
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from strings(value, f"{path}.{key}")
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from strings(value, f"{path}[{i}]")


def family(name, table):
    """The declared metric that a series belongs to, and the labels that its kind adds."""
    if name in table:
        return table[name], set()
    for suffix, extra in (("_bucket", {"le"}), ("_count", set()), ("_sum", set())):
        base = name.removesuffix(suffix)
        if base != name and table.get(base, {}).get("type") == "histogram":
            return table[base], extra
    return None, set()


def unknown_values(operator, value, known):
    """Of what a matcher selects, what the closed set does not have. A dashboard's variable may be anything."""
    if not known or "$" in value or value in ("", ".*", ".+"):
        return []
    if operator in ("=", "!="):
        return [value] if value not in known else []
    return [one for one in value.split("|") if not any(re.fullmatch(one, each) for each in known)]


def faults(text, table, records):
    for name, matchers in METRIC.findall(text.replace('\\"', '"')):
        row, extra = family(name, table)
        if row is None:
            yield f"{PREFIX}{name} is no metric"
            continue
        labels = set(filter(None, row["labels"].split(","))) | extra | TARGET_LABELS
        for label, operator, value, _ in MATCHER.findall(matchers or ""):
            if label not in labels:
                yield f"{PREFIX}{name} has no label {label}"
            for one in unknown_values(operator, value, row["values"].get(label)):
                yield f"{label} of {PREFIX}{name} is never {one}"
    for name in RECORD.findall(text):
        if name not in records:
            yield f"{name} is not recorded"


def all_faults(table):
    loaded = [(path, load(path)) for path in rule_files()]
    loaded += [(path, json.loads(path.read_text())) for path in dashboards()]
    records = {rule["record"] for path, document in loaded if path.suffix == ".yaml"
               for group in document["groups"] for rule in group["rules"] if "record" in rule}
    known = TARGET_LABELS | {"le"} | {label for row in table.values() for label in row["labels"].split(",")}
    for _, document in loaded:  # made by count_values() or label_replace()
        known |= {label for where, text in strings(document) if where.endswith(".expr") for label in re.findall(r'"(\w+)"', text)}
    for path, document in loaded:
        for where, text in strings(document):
            query = where.endswith((".expr", ".query", ".definition"))
            for fault in faults(text, table, records if query else AnyName()):
                yield f"{path.relative_to(ROOT)}{where}: {fault}"
            if query:
                for word, labels in GROUPING.findall(text):
                    for label in filter(None, re.split(r"[\s,]+", labels)):
                        if label not in known and "$" not in label:
                            yield f"{path.relative_to(ROOT)}{where}: {word} ({label}), which nothing has"


class AnyName:
    """Text that is no query may hold colons as it likes."""

    def __contains__(self, _):
        return True


def main():
    table = declared()
    found = sorted(set(all_faults(table)))
    for fault in found:
        print("FAIL  " + fault)
    # And it notices: without a metric, a label or a value that is used, something is found.
    blind = []
    text = "".join(path.read_text() for path in rule_files() + dashboards())
    used = {row["name"] for name, _ in METRIC.findall(text) for row in [family(name, table)[0]] if row}
    for name in sorted(used):
        without = {other: row for other, row in table.items() if other != name}
        blind += [name] if not any(name in fault for fault in all_faults(without)) else []
    renamed = copy.deepcopy(table)
    renamed["signal_available"]["values"]["signal"].remove("termination")
    blind += ["a value"] if not any("never termination" in fault for fault in all_faults(renamed)) else []
    for name in blind:
        print(f"FAIL  {name} could go, and nothing would be found")
    print(f"{len(rule_files())} rule files, {len(dashboards())} dashboards, {len(used)} metrics used, {len(found) + len(blind)} failed")
    sys.exit(1 if found or blind else 0)


if __name__ == "__main__":
    main()
