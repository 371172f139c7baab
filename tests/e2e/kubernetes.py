#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""deploy/kubernetes, base and every overlay, rendered by kustomize: no key that Kubernetes does not know (its types, by tsc),
the properties that are promised, arguments that the exporter takes, and the rendered file up to date."""
import copy
import json
import re
import subprocess

import lane
import manifests

HERE = lane.pathlib.Path(__file__).resolve().parent / "kubernetes"
TYPES = {
    "Namespace": "kubernetes-models/v1/Namespace",
    "ServiceAccount": "kubernetes-models/v1/ServiceAccount",
    "Service": "kubernetes-models/v1/Service",
    "ConfigMap": "kubernetes-models/v1/ConfigMap",
    "DaemonSet": "kubernetes-models/apps/v1/DaemonSet",
    "NetworkPolicy": "kubernetes-models/networking.k8s.io/v1/NetworkPolicy",
    "PodMonitor": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor",
    "PrometheusRule": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule",
    "SecurityContextConstraints": "./openshift",  # in no package: openshift.d.ts beside this
}


def at(thing, *path):
    for step in path:
        thing = thing[step]
    return thing


POD = ("spec", "template", "spec")
EXPORTER = (*POD, "containers", 0)
# What tsc must refuse: (kind, where, key, value).
MUTATIONS = [
    ("DaemonSet", EXPORTER, "imagePullpolicy", "Always"),
    ("DaemonSet", (*EXPORTER, "securityContext"), "readOnlyRootFileSystem", True),
    ("DaemonSet", (*EXPORTER, "securityContext", "capabilities"), "drop", "ALL"),
    ("DaemonSet", (*EXPORTER, "readinessProbe", "httpGet"), "scheme", ["HTTPS"]),
    ("DaemonSet", (*POD, "securityContext"), "supplementalGroup", [999]),
    ("DaemonSet", (*POD, "securityContext"), "runAsUser", "65532"),
    ("DaemonSet", (*POD, "volumes", 0, "hostPath"), "readOnly", True),
    ("DaemonSet", POD, "automountServiceAccountTokens", False),
    ("DaemonSet", ("spec", "updateStrategy", "rollingUpdate"), "maxunavailable", 1),
    ("DaemonSet", ("spec",), "selector", None),
    ("NetworkPolicy", ("spec",), "policyType", ["Ingress"]),
    ("NetworkPolicy", ("spec", "ingress", 0, "ports", 0), "targetPort", "metrics"),
    ("Service", ("spec",), "publishNotReadyAddress", True),
    ("Namespace", ("metadata",), "label", {}),
    ("PodMonitor", ("spec", "podMetricsEndpoints", 0), "interva", "30s"),
    ("PrometheusRule", ("spec", "groups", 0, "rules", 0), "expression", "1"),
    ("SecurityContextConstraints", (), "allowHostDirVolumePlugins", True),
]


def source(objects):
    lines = []
    for i, one in enumerate(objects):
        lines.append(f'import type {{ I{one["kind"]} as T{i} }} from "{TYPES[one["kind"]]}";')
        lines.append(f"export const o{i}: T{i} = {json.dumps(one)};")
    return "\n".join(lines)


def mutated(objects, kind, where, key, value):
    one = copy.deepcopy(next(o for o in objects if o["kind"] == kind))
    at(one, *where)[key] = value
    return [one]


def check_types(rendered):
    home = lane.temp_dir()
    (home / "node_modules").symlink_to(lane.node_modules(HERE))
    (home / "openshift.d.ts").write_text((HERE / "openshift.d.ts").read_text())
    everything = sum(rendered.values(), [])
    for name, some in rendered.items():
        (home / f"good-{name.replace('/', '-')}.ts").write_text(source(some))
    for i, mutation in enumerate(MUTATIONS):
        (home / f"bad-{i}.ts").write_text(source(mutated(everything, *mutation)))
    done = subprocess.run(
        ["node", "node_modules/typescript/bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--module", "preserve",
         "--moduleResolution", "bundler", "--target", "es2022", *sorted(path.name for path in home.glob("*.ts") if path.name != "openshift.d.ts")],
        cwd=home, capture_output=True, text=True)
    refused = {}
    for file, why in re.findall(r"^(\S+)\.ts\(\d+,\d+\): error (.*)$", done.stdout, re.M):
        refused.setdefault(file, why)
    lane.expect("tsc ran", done.returncode == 2 and refused, done.stdout[:500] + done.stderr[:500])
    for name in rendered:
        why = refused.get(f"good-{name.replace('/', '-')}")
        lane.expect(f"{name}: types", why is None, why)
    for i, mutation in enumerate(MUTATIONS):
        lane.expect(f"refused: {mutation[0]} {'.'.join(map(str, mutation[1]))} {mutation[2]}", f"bad-{i}" in refused)


def check_container(name, pod, container):
    security = {**pod["securityContext"], **container["securityContext"]}
    what = f"{name}: {container['name']}"
    lane.expect(f"{what}: no right", security["privileged"] is False and security["allowPrivilegeEscalation"] is False
                and security["readOnlyRootFilesystem"] is True and security["capabilities"] == {"drop": ["ALL"]}
                and security["seccompProfile"] == {"type": "RuntimeDefault"}, security)
    lane.expect(f"{what}: requests and limits", all(set(container["resources"][kind]) == {"cpu", "memory"} for kind in ("requests", "limits")))
    writable = [m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")]
    lane.expect(f"{what}: writes its state only", writable == ["/var/lib/kubelet-lifecycle-exporter"], writable)


def check_promises(name, objects):
    daemon = manifests.daemon_set(objects)
    pod = at(daemon, *POD)
    exporter = pod["containers"][0]
    lane.expect(f"{name}: not root", pod["securityContext"]["runAsNonRoot"] is True and pod["securityContext"]["runAsUser"] == 65532
                and not {"runAsUser", "runAsNonRoot"} & set(exporter["securityContext"]))
    for container in pod["containers"] + pod.get("initContainers", []):
        check_container(name, pod, container)
    starters = [(c["name"], c["securityContext"]["runAsUser"]) for c in pod.get("initContainers", [])]
    lane.expect(f"{name}: user 0 for one init container only", starters in ([], [("prepare-state", 0)]), starters)
    lane.expect(f"{name}: no token", pod["automountServiceAccountToken"] is False)
    lane.expect(f"{name}: nothing of the host's but folders", not {"hostNetwork", "hostPID", "hostIPC"} & set(pod))
    lane.expect(f"{name}: on every node", pod["tolerations"] == [{"operator": "Exists"}] and pod["priorityClassName"] == "system-node-critical")
    lane.expect(f"{name}: update", daemon["spec"]["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": "10%", "maxSurge": 0})
    ports = {port["name"]: port["containerPort"] for port in exporter["ports"]}
    lane.expect(f"{name}: probes have a port of their own", ports == {"metrics": 10298, "probes": 10299}
                and all(exporter[p]["httpGet"]["port"] == "probes" for p in ("livenessProbe", "readinessProbe"))
                and {"--web.listen-address=:10298", "--web.probe-address=:10299"} <= set(exporter["args"]))
    mounted = {m["name"] for c in pod["containers"] + pod.get("initContainers", []) for m in c["volumeMounts"]}
    lane.expect(f"{name}: every volume is mounted", mounted == {v["name"] for v in pod["volumes"]}, mounted)
    astray = [o["metadata"]["name"] for o in objects if o["kind"] not in ("Namespace", "SecurityContextConstraints")
              and o["metadata"].get("namespace") != "kubelet-lifecycle"]
    lane.expect(f"{name}: all in one namespace", not astray, astray)
    labels = at(daemon, "spec", "template", "metadata", "labels").items()
    selectors = [at(daemon, "spec", "selector", "matchLabels")]
    selectors += [o["spec"]["selector"] for o in objects if o["kind"] == "Service"]
    selectors += [o["spec"]["podSelector"]["matchLabels"] for o in objects if o["kind"] == "NetworkPolicy"]
    selectors += [o["spec"]["selector"]["matchLabels"] for o in objects if o["kind"] == "PodMonitor"]
    lane.expect(f"{name}: selectors find the pods", all(s and s.items() <= labels for s in selectors), selectors)


def check_arguments(name, objects, home):
    """As a configuration file, which takes the same names, without serving on the node's ports."""
    pod = at(manifests.daemon_set(objects), *POD)
    command, *flags = pod["containers"][0]["args"]
    pairs = [flag.removeprefix("--").split("=", 1) for flag in flags]
    # What the pod finds at these places is checked in a container: kubernetes_pod.py.
    keys = {key: value for key, value in pairs if key != "web.config.file"}
    config = home / "config.yml"
    config.write_text("".join(f"{key}: {json.dumps(value)}\n" for key, value in keys.items()))
    done = subprocess.run([lane.exporter(), "check-config", config], capture_output=True, text=True)
    lane.expect(f"{name}: arguments", command == "serve" and done.returncode == 0 and len(keys) >= 5, done.stderr)


def check_monitoring(objects):
    kinds = {one["kind"] for one in objects}
    lane.expect("prometheus-operator: scraped, with rules", {"PodMonitor", "PrometheusRule"} <= kinds, kinds)
    names = {path.stem for path in (lane.ROOT / "dashboards/grafana").glob("*.json")}
    shown = {key for one in objects if one["kind"] == "ConfigMap" and one["metadata"]["labels"].get("grafana_dashboard") for key in one["data"]}
    lane.expect("prometheus-operator: every dashboard", all(any(name in key for key in shown) for name in names), (names, shown))
    large = [o["metadata"]["name"] for o in objects if len(json.dumps(o)) > 250_000]
    lane.expect("prometheus-operator: nothing is too large for kubectl apply", not large, large)


def main():
    rendered = {name: manifests.objects(name) for name in manifests.ALL}
    wanted = manifests.HEADER + manifests.render("base")
    lane.expect("the rendered file is what kustomize makes: ./dev docs", manifests.RENDERED.read_text() == wanted)
    home = lane.temp_dir()
    for name, objects in rendered.items():
        check_promises(name, objects)
        check_arguments(name, objects, home)
    check_monitoring(rendered["overlays/prometheus-operator"])
    version = subprocess.run([lane.exporter(), "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    images = {c["image"] for objects in rendered.values() for kind in ("containers", "initContainers")
              for c in at(manifests.daemon_set(objects), *POD).get(kind, [])}
    lane.expect("one image, of this version", images == {f"kubelet-lifecycle-exporter:{version}"}, images)
    check_types(rendered)
    lane.finish()


main()
