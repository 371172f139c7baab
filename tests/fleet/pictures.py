# SPDX-License-Identifier: Apache-2.0
"""Pictures of the four dashboards, from what a Prometheus answers, drawn by Grafana's own components in Chromium.

  pictures.py FOLDER    draws once more what the last run of fleet.py --pictures was answered
"""
import functools
import http.server
import json
import math
import os
import pathlib
import re
import shutil
import subprocess
import sys
import threading
import time
import urllib.parse

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import lane  # noqa: E402

SITE = lane.ROOT / "tests/e2e/dashboard_pictures"
BROWSER = lane.ROOT / "tests/e2e/browser"
GRAFANA = lane.ROOT / "dashboards/grafana"
KEPT = lane.ROOT / "build/dashboard-pictures"
POINTS = 120


def ask(url, path, **arguments):
    status, text = lane.get(f"{url}/api/v1/{path}?" + urllib.parse.urlencode(arguments), 120)
    assert status == 200, text
    return json.loads(text)["data"]["result"]


def name_of(labels, legend):
    if legend == "__auto":
        return ", ".join(v for k, v in labels.items() if k != "__name__")
    return " ".join(re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda m: labels.get(m.group(1), ""), legend).split())


def answers(url, dashboard, values, begin, end):
    """{panel id: [{name, labels, times, values}]}, on a common grid of times with null where there is no sample."""
    step = math.ceil((end - begin) / POINTS)  # of whole seconds, else the moments of samples and grid drift apart
    grid = [begin + i * step for i in range(int((end - begin) / step) + 1)]
    out = {}
    for panel in dashboard["panels"]:
        series = []
        for target in panel.get("targets", []):
            query = target["expr"]
            for variable, value in values.items():
                query = query.replace(variable, value)
            if target["instant"]:
                rows = [(row["metric"], {end: row["value"][1]}, [end]) for row in ask(url, "query", query=query, time=end)]
            else:
                rows = [(row["metric"], dict(row["values"]), grid) for row in ask(url, "query_range", query=query, start=begin, end=grid[-1], step=step)]
            for labels, samples, times in rows:
                samples = {round(float(at), 3): v for at, v in samples.items()}
                numbers = [None if (v := samples.get(round(at, 3))) in (None, "NaN") else float(v) for at in times]
                if any(v is not None for v in numbers):
                    series.append({"name": name_of(labels, target["legendFormat"]), "labels": labels, "times": [at * 1000 for at in times], "values": numbers})
        out[panel["id"]] = series
    return out


def built_site(home):
    """The page, bundled by Vite, once for each state of its sources."""
    modules = lane.node_modules(SITE)
    source, site = home / "source", home / "site"
    source.mkdir()
    for path in SITE.iterdir():
        if path.suffix in (".html", ".mjs", ".ts", ".tsx"):
            shutil.copy(path, source)
    (source / "node_modules").symlink_to(modules)
    done = subprocess.run(["node", modules / "vite/bin/vite.js", "build"], cwd=source, env={**os.environ, "KLE_OUT": str(site)}, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return site


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


def keep(url, seconds):
    """What is asked once for all pictures, kept below build/ so that they can be drawn again."""
    end = time.time()
    begin = end - seconds + min(120, seconds / 4)  # rates need some samples
    # The node that has the most to show: of those on which something fails, the one with the most pods that ended.
    worst = ask(url, "query", query="topk(1, sum by (instance) (increase(kubelet_lifecycle_pod_terminations_total[5m]))"
                                    " and sum by (instance) (instance:kubelet_lifecycle_termination_failures:rate5m) > 0)")
    values = {"$__rate_interval": "1m", "$__range": f"{round(end - begin)}s", "$cluster": ".*", "$precision": ".*", "$namespace": ".*"}
    KEPT.mkdir(parents=True, exist_ok=True)
    for path in sorted(GRAFANA.glob("*.json")):
        dashboard = json.loads(path.read_text())
        node = worst[0]["metric"]["instance"] if path.stem == "node" else ".*"
        if path.stem == "node":
            dashboard["title"] += f": {node}"
        given = {"dashboard": dashboard, "answers": answers(url, dashboard, {**values, "$node": node}, begin, end), "range": [begin * 1000, end * 1000]}
        (KEPT / path.name).write_text(json.dumps(given))


def draw(folder, site=None):
    """dashboard-NAME.png of all four in `folder`, and one in the dark theme."""
    lane.need("chromium")
    home = lane.temp_dir()
    site = site or built_site(home)
    jobs = []
    for path in sorted(KEPT.glob("*.json")):
        shutil.copy(path, site)
        jobs += [{"data": path.name, "theme": theme, "to": str(folder / f"dashboard-{path.stem}{suffix}.png")}
                 for theme, suffix in (("light", ""), ("dark", "-dark")) if theme == "light" or path.stem == "fleet"]
    folder.mkdir(parents=True, exist_ok=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=site))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    given = {"modules": str(lane.node_modules(BROWSER)), "chromium": shutil.which("chromium"), "base": f"http://127.0.0.1:{server.server_address[1]}", "jobs": jobs}
    done = subprocess.run(["node", SITE / "shoot.mjs", json.dumps(given)], capture_output=True, text=True)
    print(done.stdout + done.stderr[-3000:])
    lane.expect("every panel is drawn, without an error on the console", done.returncode == 0)
    for job in jobs:
        if shutil.which("pngquant"):  # a third of the bytes
            subprocess.run(["pngquant", "--force", "--strip", f"--output={job['to']}", "256", job["to"]], check=False)
        size = pathlib.Path(job["to"]).stat().st_size if pathlib.Path(job["to"]).exists() else 0
        lane.expect(f"{job['to']} has under 250 kB", 0 < size < 250_000, size)


if __name__ == "__main__":
    draw(pathlib.Path(sys.argv[1]))
    lane.finish()
