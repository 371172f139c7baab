#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The dashboards on real data: recorded kubelets are played back into `serve`, a real Prometheus scrapes them and runs the
recording rules, and every query of every panel must return data, or be in NO_DATA with the reason why it cannot.
Before that the JSON is held against Grafana's own types and each expression against Prometheus' own grammar."""
import copy
import json
import pathlib
import re
import subprocess
import sys
import time
import urllib.parse

import lane

sys.path.append(str(lane.ROOT / "tests/support"))
import replay  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
GRAFANA = lane.ROOT / "dashboards/grafana"
RULES = lane.ROOT / "dashboards/prometheus/recording-rules.yaml"
SECONDS, SPEED = 35, 10

KUBELETS = {  # instance: recordings, one behind another
    "unmount-1.32-v5": ["1.32.13-containerd17-text-v5/g-unmount-fails", "1.32.13-containerd17-text-v5/h-stuck"],
    # Twice, since a series that begins at 1 has no rate.
    "kill-1.32-v5": ["1.32.13-containerd17-text-v5/c-multi-prestop", "1.32.13-containerd17-text-v5/e-kill-failures",
                     "1.32.13-containerd17-text-v5/c-multi-prestop"],
    "cni-1.32-v2": ["1.32.13-containerd17-text-v2/f-cni-del-fails", "1.32.13-containerd17-text-v2/mix-abcdi", "1.32.13-containerd17-text-v2/g-unmount-fails"],
    "json-1.32-v4": ["1.32.13-containerd17-json-v4/mix-abcdi", "1.32.13-containerd17-json-v4/f-cni-del-fails"],
    "restart-1.28-v5": ["1.28.3-containerd17-text-v5/j-kubelet-restart", "1.28.3-containerd17-text-v5/e-kill-failures"],
    "docker-1.23-v5": ["1.23.15-docker-text-v5/e-kill-failures", "1.23.15-docker-text-v5/h-stuck"],
    "v0-1.32": ["1.32.13-containerd17-text-v0/mix-abcdi"],
}

# (dashboard, panel, refId or *): why the recordings give it no data.
NO_DATA = {
    ("exporter-health", "Was anything given up?", "*"): "no recording is so long or so full that something is given up",
    ("exporter-health", "What is missing or cannot be read?", "A"): "a log file has no journal gaps",
    ("exporter-health", "What is missing or cannot be read?", "B"): "every recorded record can be read",
    ("exporter-health", "What is missing or cannot be read?", "C"): "a log file has no lines suppressed by journald",
    ("exporter-health", "What is missing or cannot be read?", "D"): "a log file has no journal files",
    ("exporter-health", "How near is journald to deleting what was not read?", "A"): "a log file is not vacuumed",
    ("exporter-health", "How often is the state written?", "C"): "the disk works",
    ("exporter-health", "Who polls the journal?", "A"): "a log file has no journal to poll",
    ("node", "What fails, and why?", "D"): "no recorded kubelet failed to remove a cgroup",
    ("node", "What fails, and why?", "E"): "no recorded kubelet failed to write a status",
    ("stuck", "Do the attempts still fail?", "D"): "no recorded kubelet failed to remove a cgroup",
    ("stuck", "Do the attempts still fail?", "E"): "no recorded kubelet failed to write a status",
    ("node", "Did the kubelet start anew, or stand still?", "D"): "no recorded node was shut down",
}


def dashboards():
    return {path.stem: json.loads(path.read_text()) for path in sorted(GRAFANA.glob("*.json"))}


def queries(all_of):
    """(dashboard, panel, target) of every query of every panel."""
    for name, dashboard in all_of.items():
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                yield name, panel, target


def substituted(expression, node=".*"):
    expression = expression.replace('="$node"', '=~"$node"')  # any node stands for the one that is chosen
    values = {"$__rate_interval": "1m", "$__range": "1m", "$cluster": ".*", "$precision": ".*", "$namespace": ".*", "$node": node}
    for variable, value in values.items():
        expression = expression.replace(variable, value)
    assert not re.search(r"\$(?!1\b)", expression), f"a variable nobody knows: {expression}"
    return expression


def check_types_and_grammar(all_of):
    modules = lane.node_modules(HERE / "dashboard_check")

    def check(what, expressions):
        given = json.dumps({"dashboards": what, "expressions": expressions})
        return subprocess.run(["node", HERE / "dashboard_check/check.mjs", modules, lane.temp_dir()], input=given, capture_output=True, text=True)

    done = check(all_of, [substituted(target["expr"]) for _, _, target in queries(all_of)])
    print(done.stdout.strip())
    lane.expect("types and grammar", done.returncode == 0, done.stdout + done.stderr)

    broken = {"stuck": copy.deepcopy(all_of["stuck"])}
    broken["stuck"]["panels"][0]["fieldConfig"]["defaults"]["units"] = "s"
    broken["stuck"]["panels"][1]["options"]["colorMode"] = "colour"
    done = check(broken, ["sum by (x (up)"])
    lane.expect("an unknown key, a value that no option has, and a broken expression are found",
                all(word in done.stdout for word in ('"units"', '"colour"', "no PromQL")) and done.returncode == 1, done.stdout)


def check_form(all_of):
    """What importing needs and a newcomer expects."""
    for name, dashboard in all_of.items():
        lane.expect(f"{name}: uid, tags", dashboard["uid"] == f"kubelet-lifecycle-{name}" and "kubelet-lifecycle" in dashboard["tags"])
        variables = [v["name"] for v in dashboard["templating"]["list"]]
        lane.expect(f"{name}: variables", variables[:2] == ["datasource", "cluster"], variables)
        # Grafana escapes a value for =~ only where several may be chosen: [::1]:10298 is no regular expression.
        several = {v["name"]: v.get("multi", False) for v in dashboard["templating"]["list"]}
        wrong = {m.group(0) for _, _, t in queries({name: dashboard}) for m in re.finditer(r'(=~|=)"\$(\w+)"', t["expr"])
                 if (m.group(1) == "=~") != several[m.group(2)]}
        lane.expect(f"{name}: =~ for what may be several, = for one", not wrong, wrong)
        for panel in dashboard["panels"]:
            if panel["type"] == "row":
                continue
            fields = panel["fieldConfig"]["defaults"]
            good = panel["title"].endswith("?") and panel["description"] and fields["unit"] and fields["noValue"] and panel["targets"]
            if not good:
                lane.expect(f"{name}: {panel['title']}: a question, a description, a unit, words for nothing", False)
        raw = {t["expr"] for n, _, t in queries({name: dashboard}) if re.search(r"(?<![:\w])kubelet_lifecycle_", t["expr"])}
        lane.expect(f"{name}: reads {'recorded series only' if name == 'fleet' else 'raw series'}", bool(raw) == (name != "fleet"), raw)


def prometheus(home, targets):
    port = lane.free_port()
    (home / "prometheus.yml").write_text(json.dumps({
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [{"job_name": "kubelet-lifecycle", "static_configs": [
            {"targets": [f"127.0.0.1:{target}"], "labels": {"instance": name, **({"cluster": "north"} if "1.32" in name else {})}}
            for name, target in targets.items()]}]}))
    with open(home / "prometheus.log", "wb") as log:
        lane.start("prometheus", f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data",
                   f"--web.listen-address=127.0.0.1:{port}", stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}"
    lane.wait_for("Prometheus", lambda: lane.get(url + "/-/ready")[0] == 200, 60)
    return url


def answer(url, expression, instant, begin, end):
    """Number of samples that are numbers."""
    if instant:
        path, arguments = "query", {"query": expression, "time": end}
    else:
        path, arguments = "query_range", {"query": expression, "start": begin, "end": end, "step": 1}
    status, text = lane.get(f"{url}/api/v1/{path}?" + urllib.parse.urlencode(arguments), 30)
    if status != 200:
        raise AssertionError(f"{expression}: {text}")
    rows = json.loads(text)["data"]["result"]
    return sum(value != "NaN" for row in rows for _, value in (row["values"] if "values" in row else [row["value"]]))


def ask_everything(all_of, url, begin, end):
    asked = empty = 0
    used = set()
    for name, panel, target in queries(all_of):
        what = f"{name}: {panel['title']} {target['refId']}"
        try:
            found = answer(url, substituted(target["expr"]), target["instant"], begin, end)
        except AssertionError as error:
            lane.expect(what, False, error)
            continue
        asked += 1
        keys = [(name, panel["title"], target["refId"]), (name, panel["title"], "*")]
        reason = next((NO_DATA[k] for k in keys if k in NO_DATA), None)
        used.update(keys)
        if found == 0:
            empty += 1
            lane.expect(f"{what}: no data, since {reason}" if reason else what, reason is not None, "no data: " + substituted(target["expr"]))
        elif reason:
            lane.expect(what, keys[1] in NO_DATA, f"listed as without data ({reason}), and has {found} samples")
    lane.expect("NO_DATA names only what there is", set(NO_DATA) <= used, set(NO_DATA) - used)
    print(f"{asked} queries asked, {asked - empty} with data, {empty} without and known why")


def main():
    lane.need("prometheus", "promtool", "zstd", "node")
    lane.expect("the JSON is what build.py writes", subprocess.run([sys.executable, GRAFANA / "build.py", "--check"], check=False).returncode == 0)
    for test in sorted(RULES.parent.glob("tests/recording-rules*_test.yaml")):
        done = subprocess.run(["promtool", "test", "rules", test], capture_output=True, text=True)
        lane.expect(f"promtool test rules {test.name}", done.returncode == 0, done.stdout + done.stderr)
    all_of = dashboards()
    check_form(all_of)
    check_types_and_grammar(all_of)

    home = lane.temp_dir()
    start = time.time()
    begin = start - SPEED * SECONDS + SECONDS  # at the end, the log's time is the clock's
    # The last line of each is written some seconds before the end.
    logs = {home / f"{name}.log": replay.one_behind_another(recordings, begin) for name, recordings in KUBELETS.items()}
    player = replay.Player(logs, begin, SPEED)
    # No recording goes on for a minute after a pod's grace.
    ports = {name: replay.serve(home, name, home / f"{name}.log", "--stuck.slack=5s") for name in KUBELETS}
    url = prometheus(home, ports)
    player.start()
    began = time.time()
    time.sleep(SECONDS + 2)
    end = time.time()
    status, text = lane.get(url + "/api/v1/rules")
    rules = [rule for group in json.loads(text)["data"]["groups"] for rule in group["rules"]]
    sick = [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"]
    lane.expect(f"{len(rules)} recording rules are evaluated without error", rules and not sick, sick)
    ask_everything(all_of, url, began, end)
    player.stop()
    for name in KUBELETS:
        text = (home / f"{name}.serve.log").read_text()
        lane.expect(f"{name}: nothing to complain about", " level=error" not in text, text[-1000:])
    lane.finish()


if __name__ == "__main__":
    main()
