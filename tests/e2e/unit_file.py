#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deploy/systemd: the unit is as confined as systemd can tell, and the configuration that is installed is one."""
import re
import subprocess

import lane

MOST_EXPOSED = 1.5
HOME = lane.ROOT / "deploy/systemd"
UNIT = HOME / "kubelet-lifecycle-exporter.service"


def exposure():
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", UNIT], capture_output=True, text=True)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    if not found:
        lane.skip(f"this systemd-analyze judges no unit file: {done.stderr.strip()}")
    return float(found[1])


def check_config(text):
    path = lane.temp_dir() / "config.yaml"
    path.write_text(text)
    return subprocess.run([lane.exporter(), "check-config", path], capture_output=True, text=True)


def main():
    lane.need("systemd-analyze")
    figure = exposure()
    print(f"figure: unit_exposure = {figure}")
    lane.expect(f"exposure {MOST_EXPOSED} or better", figure <= MOST_EXPOSED, str(figure))
    text = UNIT.read_text()
    start = re.search(r"^ExecStart=(.*)$", text, re.M)[1]
    lane.expect("it reads the configuration that is installed", "--config.file=/etc/kubelet-lifecycle-exporter/config.yaml" in start, start)

    config = (HOME / "config.yaml").read_text()
    done = check_config(config)
    lane.expect("the installed configuration is one", done.returncode == 0, done.stderr)
    keys = set(re.findall(r"^#? ?([a-z]+(?:[._][a-z_-]+)*):", config, re.M)) - {"kubelet-lifecycle-exporter"}
    known = subprocess.run([lane.exporter(), "serve", "--help"], capture_output=True, text=True).stdout
    unknown = [key for key in keys if f"--{key}" not in known]
    lane.expect("so are the lines in comments", len(keys) >= 5 and not unknown, f"{keys}: unknown {unknown}")
    lane.finish()


main()
