#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The program for arm64, compiled here: an image of it, and from that image's files alone, under emulation, the same reports byte by
byte of every recorded log and of a journal, and the same metrics, as this machine's own program gives."""
import json
import os
import subprocess
import sys

import debian
import image_files
import lane
from exposition import compare, samples_of, total

NAME = "kubelet-lifecycle-exporter"
BINARY = lane.ROOT / f"build/arm64/{NAME}"
TRACES = lane.ROOT / "tests/traces"

lane.need("qemu-aarch64", "buildah", "zstd", lane.ROOT / "deploy/image/build")
if not BINARY.exists():
    lane.skip(f"no {BINARY.relative_to(lane.ROOT)}: ./dev build arm64")
if os.geteuid() != 0:
    lane.skip("an image is made as root")
own, home = lane.exporter(), lane.temp_dir()


def make_image():
    """The files of the image, below a folder."""
    archive, root = home / "image.tar", home / "root"
    done = subprocess.run([lane.ROOT / "deploy/image/build", BINARY, archive], capture_output=True, text=True,
                          env={**os.environ, "SYSROOT": str(debian.arm64()), "TARGETARCH": "arm64"})
    if done.returncode != 0:
        sys.exit(f"FAIL  deploy/image/build: {done.stderr.strip()}")
    config = image_files.unpack(archive, root)
    lane.expect("the image is for arm64", config["architecture"] == "arm64", str(config["architecture"]))
    bill = json.loads(archive.with_suffix(".spdx.json").read_text())
    purls = [r["referenceLocator"] for p in bill["packages"] for r in p.get("externalRefs", []) if "debian/libc6@" in r["referenceLocator"]]
    lane.expect("and its libraries", purls and all(purl.endswith("?arch=arm64") for purl in purls), str(purls))
    return root


def emulated(root):
    """A program that is the image's: its libraries are the image's too, so one that is missing is found out."""
    path = home / NAME
    path.write_text(f'#!/bin/sh\nexec qemu-aarch64 -L {root} {root}/usr/bin/{NAME} "$@"\n')
    path.chmod(0o755)
    return path


def report(program, *arguments):
    done = subprocess.run([program, "report", "--format=json", *arguments], capture_output=True, timeout=120)
    return done.returncode, done.stdout, done.stderr


def compare_reports(other):
    logs = sorted(path for pattern in ("*.log", "*.log.zst") for path in TRACES.rglob(pattern))
    for log in logs:
        lane.expect(f"the same report of {log.relative_to(TRACES)}", report(other, log) == report(own, log))
    print(f"figure: logs_compared = {len(logs)}")
    lane.expect("logs were there", len(logs) > 20, str(len(logs)))


def compare_journal(other, lines):
    journald = lane.Journald("kle-arm64")
    kubelet = journald.stream()
    kubelet.sendall(("\n".join(lines) + "\n").encode())
    ask = lambda program: report(program, journald.directory)
    lane.wait_for("the lines in the journal", lambda: ask(own)[0] == 0 and json.loads(ask(own)[1])["source"]["lines"] >= len(lines))
    kubelet.close()
    lane.stop(journald.daemon)
    lane.expect("the same report of a journal", ask(other) == ask(own))


def compare_serve(other, log):
    os.environ["KLE_BINARY"] = str(other)
    serve = lane.Serve("--source=file", f"--file.path={log}", "--start=all", f"--state.path={home}/state", "--timezone=UTC")
    expected = json.loads(report(own, "--timezone=UTC", log)[1])
    lane.wait_for("ready", lambda: lane.get(serve.base + "/-/ready")[0] == 200)
    metrics = lambda: samples_of(lane.get(serve.base + "/metrics")[1])
    source = expected["source"]  # the last line is held back for a while: another might belong to it
    lane.wait_for("all lines and events", lambda: total(now := metrics(), "lines_total") >= source["lines"]
                  and total(now, "events_total") >= source["events"])
    compare(metrics(), lane.get(serve.base + "/api/v1/terminations")[1], expected)
    lane.expect("it ends with 0 when asked to", lane.stop(serve.child, timeout=20) == 0, serve.said()[-1000:])


program = emulated(make_image())
compare_reports(program)
recorded = lane.shifted(lane.recorded("1.32.13-containerd17-text-v2/mix-abcdi"))
log = home / "kubelet.log"
log.write_text("\n".join(recorded) + "\n")
compare_journal(program, recorded)
compare_serve(program, log)
lane.finish()
