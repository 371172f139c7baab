#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""promtool takes the rules and passes their tests; and those tests can fail: an alert that is taken away, that does not
wait, that waits too long or that fires for nothing is found out by them."""
import re
import subprocess

import lane

try:
    import yaml
except ImportError:
    lane.skip("python3-yaml is not installed")
lane.need("promtool")

FOLDER = lane.ROOT / "dashboards/prometheus"
home = lane.temp_dir()
(home / "tests").mkdir()
names = []
for path in (FOLDER / "tests").glob("*.yaml"):
    (home / "tests" / path.name).write_text(path.read_text())
    names.append(home / "tests" / path.name)
rule_files = sorted(FOLDER.glob("*.yaml"))
for path in rule_files:
    (home / path.name).write_text(path.read_text())


def promtool(*arguments):
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True)


done = promtool("check", "rules", *rule_files)
lane.expect("promtool check rules", done.returncode == 0, done.stdout + done.stderr)
done = promtool("test", "rules", *names)
lane.expect("promtool test rules", done.returncode == 0, done.stdout + done.stderr)

generated = lane.ROOT / "dashboards/generated/prometheusrule.yaml"
(home / "groups.yaml").write_text(yaml.safe_dump(yaml.safe_load(generated.read_text())["spec"]))
done = promtool("check", "rules", home / "groups.yaml")
lane.expect("promtool takes the PrometheusRule's groups", done.returncode == 0, done.stdout + done.stderr)


def mutants(rule):
    """(what is wrong, the rule or nothing)."""
    yield "is not there", None
    yield "has another severity", {**rule, "labels": {"severity": "info"}}
    if "for" in rule:
        yield "does not wait", {**rule, "for": "0s"}
        yield "waits three times as long", {**rule, "for": f"{3 * seconds(rule['for'])}s"}
    for_nothing = re.sub(r" > 0(?![.\d])", " >= 0", rule["expr"])
    if for_nothing != rule["expr"]:
        yield "fires for nothing", {**rule, "expr": for_nothing}


def seconds(duration):
    return int(duration[:-1]) * {"s": 1, "m": 60, "h": 3600}[duration[-1]]


suites = [yaml.safe_load(name.read_text()) for name in names]
missed = count = 0
for group in yaml.safe_load((FOLDER / "alerts.yaml").read_text())["groups"]:
    for rule in group["rules"]:
        alone = []  # the alert's own cases
        for i, suite in enumerate(suites):
            cases = [case for case in suite["tests"] if "alert_rule_test" in case and case["name"].split()[0] == rule["alert"]]
            if cases:
                alone.append(home / f"tests/alone-{i}.yaml")
                alone[-1].write_text(yaml.safe_dump({**suite, "rule_files": ["../alone.yaml"], "tests": cases}))
        others = [one for one in group["rules"] if one["alert"] == rule["alert"] and one is not rule]
        for wrong, mutant in mutants(rule):
            rules = others + ([mutant] if mutant else [])
            (home / "alone.yaml").write_text(yaml.safe_dump({"groups": [{"name": "alone", "rules": rules}]}))
            done = promtool("test", "rules", *alone)
            count += 1
            if "FAILED" not in done.stdout + done.stderr:
                missed += 1
                print(f"FAIL  nothing notices that {rule['alert']} ({rule['labels']['severity']}) {wrong}")
lane.expect(f"each of {count} broken alerts fails a test", not missed, f"{missed} do not")
lane.finish()
