#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Alerts, their promtool tests and their runbooks belong together: every alert has tests that it fires, that it does not
on what looks alike, and that it resolves; every alert has a runbook and every runbook an alert; what the runbooks tell
one to type and to open exists."""
import re
import subprocess
import sys

from project import BINARY, ROOT, load

sys.path.append(str(ROOT / "dashboards"))
from runbooks_url import RUNBOOKS_URL  # noqa: E402

PROMETHEUS, RUNBOOKS = ROOT / "dashboards/prometheus", ROOT / "dashboards/runbooks"
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation", "Known upstream causes"]
OTHER_PAGES = {"README", "reasons"}
checked = failed = 0


def expect(good, text):
    global checked, failed
    checked += 1
    if not good:
        failed += 1
        print("FAIL  " + text)


def seconds(duration):
    return sum(int(n) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[unit] for n, unit in re.findall(r"(\d+)([smhd])", str(duration)))


rules = [rule for group in load(PROMETHEUS / "alerts.yaml")["groups"] for rule in group["rules"]]
cases = [case for path in sorted((PROMETHEUS / "tests").glob("*.yaml")) for case in load(path)["tests"] if "alert_rule_test" in case]


def evaluations(case, alert):
    """[(seconds, severities that fire then)] of one test case."""
    return sorted((seconds(check["eval_time"]), {one["exp_labels"]["severity"] for one in check.get("exp_alerts") or []})
                  for check in case.get("alert_rule_test", []) if check["alertname"] == alert)


for rule in rules:
    name, severity = rule["alert"], rule["labels"]["severity"]
    told = rule["annotations"]
    expect(severity in ("warning", "critical", "info"), f"{name}: severity {severity}")
    expect({"summary", "description", "runbook", "runbook_url"} <= set(told), f"{name}: summary, description, runbook, runbook_url")
    expect(told["runbook_url"] == f"{RUNBOOKS_URL}/{name}.md", f"{name}: runbook_url {told['runbook_url']}")
    expect(told["runbook"] == f"dashboards/runbooks/{name}.md", f"{name}: runbook {told['runbook']}")
    # Else one burst of what is counted, however short, would fire: as history does that an exporter reads when it catches up.
    windows = {text: seconds(text) for text in re.findall(r"increase\([^)]*?\[(\w+)\]", rule["expr"])}
    if windows and seconds(rule.get("for", "0s")) <= max(windows.values()):
        window = max(windows, key=windows.get)
        expect(f"min_over_time(kubelet_lifecycle_ready[{window}]) == 0" in rule["expr"],
               f"{name}: `for` is within its window, and it counts nodes that were not ready within {window}")
    of_alert = [evaluations(case, name) for case in cases if case["name"].split()[0] == name]
    expect(any(severity in fires for case in of_alert for _, fires in case), f"{name} ({severity}): no test that it fires")
    expect(any(severity in fires and any(severity not in later for at, later in case if at > when) for case in of_alert for when, fires in case),
           f"{name} ({severity}): no test that it resolves")
    look_alikes = [evaluations(case, name) for case in cases if case["name"].startswith(f"{name} look-alike")]
    expect(look_alikes, f"{name}: no look-alike")
    expect(all(case and not any(fires for _, fires in case) for case in look_alikes), f"{name}: its look-alike tests nothing, or fires")
    fires_at = [when for case in of_alert for when, fires in case if fires]
    expect(fires_at and all(max((at for at, _ in case), default=0) >= seconds(rule.get("for", "0s")) for case in look_alikes),
           f"{name}: a look-alike is looked at only before `for` is over")

alerts = {rule["alert"] for rule in rules}
expect(all(case["name"].split()[0] in alerts for case in cases), "a test case begins with the name of no alert")
pages = {page.stem: page.read_text() for page in RUNBOOKS.glob("*.md")}
expect(set(pages) == alerts | OTHER_PAGES, f"pages and alerts differ: {set(pages) ^ (alerts | OTHER_PAGES)}")


def anchors(text):
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", text, re.M)}


helps = {}
for name, text in pages.items():
    if name not in OTHER_PAGES:
        expect(re.findall(r"^## (.*)$", text, re.M) == SECTIONS and text.startswith(f"# {name}\n"), f"{name}.md: the sections are not {SECTIONS}")
        expect("```" in text.split("## Diagnosis")[1].split("## ")[0], f"{name}.md: no command in its diagnosis")
    # The DaemonSet opens no port of the node and puts no program there: one section tells the way.
    expect("NODE:10298" not in text, f"{name}.md asks a port of the node, which only the package opens")
    uses = re.search(r"localhost:10298|kubelet-lifecycle-exporter (report|explain|check-config)", text)
    expect(name == "README" or not uses or "(README.md#reach-an-exporter)" in text, f"{name}.md does not say how to reach an exporter")
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)", text):
        page = (RUNBOOKS / target) if target else RUNBOOKS / f"{name}.md"
        expect(page.exists() and (not anchor or anchor in anchors(page.read_text())), f"{name}.md links to {target}#{anchor}")
    for command, arguments in re.findall(r"kubelet-lifecycle-exporter (report|explain|check-config) ([^|`\n]*)", text):
        helps.setdefault(command, subprocess.run([BINARY, command, "--help"], check=True, capture_output=True, text=True).stdout)
        for flag in re.findall(r"--[a-z.-]+", arguments.split("'")[0]):
            expect(flag in helps[command], f"{name}.md: {command} has no {flag}")
print(f"{len(rules)} alerts, {len(cases)} test cases, {len(pages)} pages, {checked} checks, {failed} failed")
sys.exit(1 if failed else 0)
