#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The page in a real Chromium: `serve` on a recorded log and on a hostile one, and browser/*.cases.mjs against both.
Pictures are kept beside the built exporter, in pictures/. An argument: only the cases whose name the regex matches;
--docs: only the pictures of the documents, browser/docs.pictures.mjs, into docs/."""
import json
import pathlib
import shutil
import subprocess
import sys

import lane

BROWSER = pathlib.Path(__file__).resolve().parent / "browser"
HOSTILE = "<script>window.hostile=1</script><img src=x onerror=window.hostile=1><b data-hostile>"

lane.need("chromium", "zstd")
modules = lane.node_modules(BROWSER)
home = lane.temp_dir()


def hostile_log():
    """One pod, stuck long past its grace; the hostile text is a container's name and the message of its failures."""
    uid, app, sandbox = "4f3761db-ee39-4974-a2cc-9bf0a48e5c13", "a" * 64, "b" * 64
    pod = f'pod="default/victim" podUID={uid}'
    started = '"SyncLoop (PLEG): event for pod" pod="default/victim" event={"ID":"%s","Type":"ContainerStarted","Data":"%s"}'
    sync = '"SyncLoop %s" source="api" pods=["default/%s"]'
    said = [
        ("I", "10:00:00", sync % ("ADD", "victim")),
        ("I", "10:00:01", started % (uid, sandbox)),
        ("I", "10:00:01", started % (uid, app)),
        ("I", "10:00:05", sync % ("DELETE", "victim")),
        ("I", "10:00:06", f'"Killing container with a grace period" {pod} containerName="{HOSTILE}"'
                          f' containerID="containerd://{app}" gracePeriod=30'),
        ("E", "10:00:36", f'"Kill container failed" err="rpc error: code = Unknown desc = {HOSTILE}" {pod}'
                          f' containerName="app" containerID={{"Type":"containerd","ID":"{app}"}}'),
        ("I", "10:00:37", sync % ("DELETE", HOSTILE)),
        ("I", "10:15:00", sync % ("UPDATE", "other")),
    ]
    return [f"{severity}1123 {time}.000000    4321 file.go:1] {text}" for severity, time, text in said]


def serve(name, lines, pod, *options):
    log = home / f"{name}.log"
    log.write_text("\n".join(lane.shifted(lines)) + "\n")
    served = lane.Serve("--source=file", f"--file.path={log}", "--timezone=UTC", f"--state.path={home}/{name}.state", *options,
                        log=home / f"{name}.serve.log").wait_ready()
    return {"base": served.base, "pod": pod, "text": HOSTILE}


demo = subprocess.run(["zstd", "-qdc", lane.ROOT / "tests/traces/demo.log.zst"], check=True, capture_output=True).stdout
documents = sys.argv[1:] == ["--docs"]
if documents:
    pictures = lane.ROOT / "docs"
else:
    pictures = pathlib.Path(lane.exporter()).parent / "pictures"
    shutil.rmtree(pictures, ignore_errors=True)
    pictures.mkdir()
version = subprocess.run([lane.exporter(), "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
servers = {"demo": serve("demo", demo.decode().splitlines(), "archiver-", "--stuck.slack=20s"),
           "hostile": serve("hostile", hostile_log(), "victim")}
given = {"modules": str(modules), "chromium": shutil.which("chromium"), "pictures": str(pictures), "version": version,
         "servers": servers, "exporter": lane.exporter(), "home": str(home),
         "suite": "pictures" if documents else "cases", "only": "" if documents else "".join(sys.argv[1:])}
runner = lane.start("node", BROWSER / "run.mjs", json.dumps(given), cwd=home)
lane.expect("every case in the browser", runner.wait(timeout=570) == 0)
for name in servers:
    print((home / f"{name}.serve.log").read_text()[-1000:])
lane.finish()
