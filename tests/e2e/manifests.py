# SPDX-License-Identifier: Apache-2.0
"""deploy/kubernetes as kustomize renders it."""
import json
import os
import pathlib
import subprocess
import sys

import lane

try:
    import yaml
except ImportError:
    lane.skip("python3-yaml is not installed")

FOLDER = lane.ROOT / "deploy/kubernetes"
RENDERED = FOLDER / "rendered/kubelet-lifecycle-exporter.yaml"
HEADER = "# kustomize build deploy/kubernetes/base, for kubectl apply -f. Made by ./dev docs: change the base, not this.\n"
ALL = ["base", *sorted(f"overlays/{path.name}" for path in (FOLDER / "overlays").iterdir())]


def render(name):
    """The text of base or overlays/NAME, or of another folder."""
    lane.need("kustomize")
    done = subprocess.run(["kustomize", "build", FOLDER / name], capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"FAIL  kustomize build {name}: {done.stderr.strip()}")
    return done.stdout


def objects(name):
    return [one for one in yaml.safe_load_all(render(name)) if one]


def customized(resource, components=(), **fields):
    """What a kustomization of one's own makes of them: objects."""
    home = pathlib.Path(os.path.realpath(lane.temp_dir()))
    paths = {"resources": [resource], "components": [f"components/{name}" for name in components]}
    fields |= {key: [os.path.relpath(FOLDER / one, home) for one in some] for key, some in paths.items()}
    (home / "kustomization.yaml").write_text(json.dumps({"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", **fields}))
    return objects(home)


def daemon_set(some):
    return next(one for one in some if one["kind"] == "DaemonSet")


if __name__ == "__main__":
    RENDERED.parent.mkdir(exist_ok=True)
    RENDERED.write_text(HEADER + render("base"))
