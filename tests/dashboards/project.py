# SPDX-License-Identifier: Apache-2.0
"""What the tests of rules, dashboards and runbooks hold them against: the project's files and its binary."""
import os
import pathlib
import sys

try:
    import yaml
except ImportError:
    print("SKIPPED: python3-yaml is not installed")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("KLE_BINARY") or str(ROOT / "build/release/kubelet-lifecycle-exporter")


def load(path):
    return yaml.safe_load(path.read_text())
