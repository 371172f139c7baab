#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`serve --trace.endpoint` against a real HTTP receiver, one that refuses, one that hangs and one that is gone."""
import http.server
import json
import pathlib
import socket
import sys
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests/support"), str(ROOT / "tests/e2e")]
import faces
import lane

LINES = lane.recorded("1.23.15-docker-text-v5/mix-abcdi")


class Collector(http.server.BaseHTTPRequestHandler):
    requests, status = [], 200

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        Collector.requests.append((self.path, self.headers["Content-Type"], json.loads(body)))
        self.send_response(Collector.status)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


class Serve(lane.Serve):
    def __init__(self, endpoint):
        self.home = lane.temp_dir()
        log = self.home / "kubelet.log"
        log.write_text("\n".join(LINES) + "\n")
        begun = time.monotonic()
        super().__init__("--source=file", f"--file.path={log}", "--timezone=UTC", f"--state.path={self.home}/state", *endpoint)
        self.wait_ready()
        self.ready_after = time.monotonic() - begun

    def counts(self):
        return {labels[0][1]: value for (name, labels), value in faces.exposition(self.metrics()).items()
                if name == "trace_exports_total"}

    def seconds_to_stop(self):
        begun = time.monotonic()
        lane.expect("it ends with 0", self.stop() == 0)
        return time.monotonic() - begun


def spans_of(requests):
    return [span for _, _, body in requests for span in body["resourceSpans"][0]["scopeSpans"][0]["spans"]]


collector = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Collector)
threading.Thread(target=collector.serve_forever, daemon=True).start()
endpoint = f"--trace.endpoint=http://127.0.0.1:{collector.server_port}/v1/traces"

off = Serve([])
lane.expect("off by default, and the counters stand at 0", off.counts() == {"sent": 0, "failed": 0, "dropped": 0}, off.counts())
lane.expect("it ends with 0", off.stop() == 0)
lane.expect("nothing was sent", not Collector.requests)

# Taken.
serve = Serve([endpoint])
lane.wait_for("counted as sent", lambda: serve.counts().get("sent", 0) > 3, 60)
recent = serve.terminations("?state=recent&limit=1000")
lane.wait_for("all are sent", lambda: serve.counts()["sent"] == len(recent), 60)
spans = spans_of(Collector.requests)
roots = [span for span in spans if "parentSpanId" not in span]
lane.expect("the path and type of OTLP", {r[:2] for r in Collector.requests} == {("/v1/traces", "application/json")})
value = lambda span, key: next((next(iter(a["value"].values())) for a in span["attributes"] if a["key"] == key), None)
lane.expect("a root span for each finished termination", sorted(value(s, "k8s.pod.uid") or "" for s in roots) == sorted(t["uid"] for t in recent))
lane.expect("every parent is there", {s["parentSpanId"] for s in spans if "parentSpanId" in s} <= {s["spanId"] for s in spans})
lane.expect("ids are not reused", len({s["spanId"] for s in spans}) == len(spans))
lane.expect("containers are named", {value(s, "k8s.container.name") for s in spans if s["name"].startswith("container ")} - {None, ""})
lane.expect("no span ends before it begins", all(int(s["startTimeUnixNano"]) <= int(s["endTimeUnixNano"]) for s in spans))
whole = {t["uid"]: t["deletion_seconds"] for t in recent if t["deletion_seconds"]}
off_by = [(value(s, "k8s.pod.name"), (int(s["endTimeUnixNano"]) - int(s["startTimeUnixNano"])) / 1e9, whole[value(s, "k8s.pod.uid")]) for s in roots
          if value(s, "k8s.pod.uid") in whole and value(s, "kubelet_lifecycle.trigger") == "api_delete"]
lane.expect("the root is as long as the deletion", off_by and all(abs(a - b) < 1e-3 or a > b for _, a, b in off_by), off_by)
sent = serve.counts()["sent"]
lane.expect("it ends with 0", serve.stop() == 0)

# Refused: counted, and the log is followed all the same.
Collector.status = 503
serve = Serve([endpoint])
lane.wait_for("counted as failed", lambda: serve.counts()["failed"] == sent, 60)
lane.expect("none is counted as sent", serve.counts()["sent"] == 0, serve.counts())
lane.expect("it ends with 0", serve.stop() == 0)
lane.expect("the reason is logged once", serve.said().count("the collector answers 503") == 1)

# Gone: nobody listens there, and nobody else will.
taken = socket.socket()
taken.bind(("127.0.0.1", 0))
serve = Serve([f"--trace.endpoint=http://127.0.0.1:{taken.getsockname()[1]}/v1/traces"])
lane.wait_for("counted as failed", lambda: serve.counts()["failed"] == sent, 60)
lane.expect("refused at once", "Connection refused" in serve.said())
lane.expect("it stops at once", serve.seconds_to_stop() < 3)

# Hangs: takes the connection and says nothing.
hanging = socket.create_server(("127.0.0.1", 0))
serve = Serve([f"--trace.endpoint=http://127.0.0.1:{hanging.getsockname()[1]}/v1/traces"])
lane.expect("ready all the same", serve.ready_after < 30, serve.ready_after)
lane.expect("a hanging collector does not hold up the end", serve.seconds_to_stop() < 4)
serve = Serve([f"--trace.endpoint=http://127.0.0.1:{hanging.getsockname()[1]}/v1/traces"])
lane.wait_for("a hanging collector is given up", lambda: serve.counts()["failed"] > 0, 60)
lane.expect("it ends with 0", serve.stop() == 0)

lane.finish()
