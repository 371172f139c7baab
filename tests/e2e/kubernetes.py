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
    "ClusterRole": "kubernetes-models/rbac.authorization.k8s.io/v1/ClusterRole",
    "RoleBinding": "kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding",
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
CLUSTER_WIDE = ("Namespace", "SecurityContextConstraints", "ClusterRole")
PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
# What tsc must refuse: (kind, where, key, value).
MUTATIONS = [
    ("DaemonSet", EXPORTER, "imagePullpolicy", "Always"),
    ("DaemonSet", (*EXPORTER, "securityContext"), "readOnlyRootFileSystem", True),
    ("DaemonSet", (*EXPORTER, "securityContext", "capabilities"), "drop", "ALL"),
    ("DaemonSet", (*EXPORTER, "readinessProbe", "httpGet"), "scheme", ["HTTPS"]),
    ("DaemonSet", (*EXPORTER, "startupProbe"), "failureThreshhold", 30),
    ("DaemonSet", (*EXPORTER, "env", 0, "valueFrom", "fieldRef"), "path", "spec.nodeName"),
    ("DaemonSet", (*POD, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"), "matchExpressions", []),
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
    ("ClusterRole", ("rules", 0), "resourceName", ["x"]),
    ("RoleBinding", ("subjects", 0), "serviceAccount", "x"),
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


def in_one_namespace(name, objects, namespace):
    astray = [o["metadata"]["name"] for o in objects if o["kind"] not in CLUSTER_WIDE and o["metadata"].get("namespace") != namespace]
    astray += [s["name"] for o in objects for s in o.get("subjects", []) if s["namespace"] != namespace]
    lane.expect(f"{name}: all in the namespace {namespace}", not astray, astray)


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
    terms = at(pod, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms")
    lane.expect(f"{name}: but not where there is no kubelet's log", len(terms) == 1 and terms[0]["matchExpressions"] == [
        {"key": "eks.amazonaws.com/compute-type", "operator": "NotIn", "values": ["fargate"]},
        {"key": "type", "operator": "NotIn", "values": ["virtual-kubelet"]}], terms)
    lane.expect(f"{name}: update", daemon["spec"]["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": "10%", "maxSurge": 0})
    ports = {port["name"]: port["containerPort"] for port in exporter["ports"]}
    lane.expect(f"{name}: probes have a port of their own", ports == {"metrics": 10298, "probes": 10299}
                and all(exporter[p]["httpGet"]["port"] == "probes" for p in PROBES)
                and {"--web.listen-address=:10298", "--web.probe-address=:10299"} <= set(exporter["args"]))
    schemes = {exporter[p]["httpGet"].get("scheme", "HTTP") for p in PROBES}
    lane.expect(f"{name}: probes speak what is served", schemes == {"HTTPS" if any("web.config" in a for a in exporter["args"]) else "HTTP"}, schemes)
    start = exporter["startupProbe"]
    lane.expect(f"{name}: five minutes to begin", start["periodSeconds"] * start["failureThreshold"] == 300, start)
    variables = {one["name"]: at(one, "valueFrom", "fieldRef", "fieldPath") for one in exporter["env"]}
    used = set(re.findall(r"\$\((\w+)\)", " ".join(exporter["args"])))
    lane.expect(f"{name}: it knows its node, and every variable that it is given", variables.get("NODE_NAME") == "spec.nodeName" and used <= set(variables), variables)
    mounted = {m["name"] for c in pod["containers"] + pod.get("initContainers", []) for m in c["volumeMounts"]}
    lane.expect(f"{name}: every volume is mounted", mounted == {v["name"] for v in pod["volumes"]}, mounted)
    in_one_namespace(name, objects, "kubelet-lifecycle")
    labels = at(daemon, "spec", "template", "metadata", "labels").items()
    selectors = [at(daemon, "spec", "selector", "matchLabels")]
    selectors += [o["spec"]["selector"] for o in objects if o["kind"] == "Service"]
    selectors += [o["spec"]["podSelector"]["matchLabels"] for o in objects if o["kind"] == "NetworkPolicy"]
    selectors += [o["spec"]["selector"]["matchLabels"] for o in objects if o["kind"] == "PodMonitor"]
    lane.expect(f"{name}: selectors find the pods", all(s and s.items() <= labels for s in selectors), selectors)


def check_arguments(name, objects, home):
    """As a configuration file, which takes the same names, without serving on the node's ports. A flag given twice is a list there."""
    pod = at(manifests.daemon_set(objects), *POD)
    command, *flags = pod["containers"][0]["args"]
    pairs = [flag.removeprefix("--").split("=", 1) for flag in flags]
    # What the pod finds at these places is checked in a container: kubernetes_pod.py.
    keys = {}
    for key, value in pairs:
        if key != "web.config.file":
            keys.setdefault(key, []).append(value.replace("$(HOST_IP)", "192.0.2.1"))
    config = home / "config.yml"
    config.write_text("".join(f"{key}: {json.dumps(some if len(some) > 1 else some[0])}\n" for key, some in keys.items()))
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


def check_scrape(objects):
    """`instance` is the node, and nothing of the pod is in a series: dashboards/prometheus/README.md."""
    endpoint = at(next(o for o in objects if o["kind"] == "PodMonitor"), "spec", "podMetricsEndpoints", 0)
    rules = {rule["action"]: rule for rule in endpoint["relabelings"]}
    lane.expect("prometheus-operator: instance is the node", rules["replace"] == {
        "action": "replace", "sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "instance"}, rules)
    lane.expect("prometheus-operator: a stuck pod's labels are its own", endpoint["honorLabels"] is True and all(
        re.fullmatch(rules["labeldrop"]["regex"], label) for label in ("namespace", "pod", "container", "endpoint")), rules)


def scraped(rules, daemon):
    """`instance` of each target that such rules leave of a pod on the node n1: each port of each container is one, and each without."""
    pod, found = daemon["spec"]["template"], []
    for container in pod["spec"]["containers"] + pod["spec"].get("initContainers", []):
        for port in container.get("ports") or [{}]:
            labels = {"__address__": "10.0.0.7", "__meta_kubernetes_pod_node_name": "n1", "__meta_kubernetes_pod_container_port_name": port.get("name", "")}
            labels |= {"__meta_kubernetes_pod_label_" + re.sub(r"\W", "_", key): value for key, value in pod["metadata"]["labels"].items()}
            for rule in rules:
                value = ";".join(labels.get(label, "") for label in rule.get("source_labels", []))
                if rule.get("action") == "keep" and "__tmp_shard" not in rule["source_labels"] and not re.fullmatch(rule["regex"], value):
                    break
                if "action" not in rule:
                    labels[rule["target_label"]] = rule.get("replacement", value)
            else:
                found.append(labels.get("instance"))
    return found


def check_scaling(daemon):
    blocks = re.findall(r"^```yaml\n(.*?)^```", (lane.ROOT / "docs/SCALING.md").read_text(), re.M | re.S)
    rules = [manifests.yaml.safe_load(block) for block in blocks if " relabel_configs:" in block]
    rules = [one.get("relabel_configs") or one["scrape_configs"][0]["relabel_configs"] for one in rules]
    found = [scraped(one, daemon) for one in rules]
    lane.expect("docs/SCALING.md: one target a node, and instance is its name", found == [["n1"], ["n1"]], found)


def check_openshift(objects):
    constraints, role, binding = (next(o for o in objects if o["kind"] == kind) for kind in ("SecurityContextConstraints", "ClusterRole", "RoleBinding"))
    name = constraints["metadata"]["name"]
    lane.expect("openshift: whoever is bound may use the constraints, and they name no namespace", not constraints["users"] and role["rules"] == [
        {"apiGroups": ["security.openshift.io"], "resources": ["securitycontextconstraints"], "resourceNames": [name], "verbs": ["use"]}]
        and binding["roleRef"]["name"] == role["metadata"]["name"], role)
    pod = at(manifests.daemon_set(objects), *POD)
    lane.expect("openshift: they admit the pod's account", [s["name"] for s in binding["subjects"]] == [pod["serviceAccountName"]], binding)
    lane.expect("openshift: and its SELinux type", pod["securityContext"]["seLinuxOptions"] == constraints["seLinuxContext"]["seLinuxOptions"])


def check_components(rendered):
    names = {path.name for path in (manifests.FOLDER / "components").iterdir()}
    for name in rendered:
        in_one_namespace(name, manifests.customized(name, namespace="elsewhere"), "elsewhere")
    alone = names - {name.removeprefix("overlays/") for name in rendered}
    lane.expect("every component has an overlay, but one that lacks a number and one for another", alone == {"journal-gid-other", "rke2-containerd"}, alone)
    other = at(manifests.daemon_set(manifests.customized("base", ["journal-gid-other"])), *POD, "securityContext", "supplementalGroups")
    lane.expect("journal-gid-other: refused as it is", other == [-1], other)
    both = manifests.customized("base", ["openshift", "selinux", "pod-state", "tls", "traces", "prometheus-operator"])
    in_one_namespace("several components", both, "kubelet-lifecycle")
    for some, folders in {("k3s",): ["k3s/agent/containerd"], ("rke2",): ["rke2/agent/logs"],
                          ("rke2", "rke2-containerd"): ["rke2/agent/logs", "rke2/agent/containerd"]}.items():
        name, objects = " and ".join(some), manifests.customized("base", some)
        check_promises(name, objects)
        check_arguments(name, objects, lane.temp_dir())
        pod = at(manifests.daemon_set(objects), *POD)
        mounts = {m["mountPath"]: m for m in pod["containers"][0]["volumeMounts"]}
        hosts = {v["hostPath"]["path"] for v in pod["volumes"] if "hostPath" in v}
        found = sorted(path for path in hosts & set(mounts) if "rancher" in path and mounts[path].get("readOnly"))
        lane.expect(f"{name}: its own folders, as they are called on the node", found == sorted(f"/var/lib/rancher/{f}" for f in folders), found)
        read = [a.split("=")[1] for a in pod["containers"][0]["args"] if a.startswith("--file.path=")]
        lane.expect(f"{name}: what is read is in them", all(any(path.startswith(f + "/") for f in found) for path in read), read)
    policy = next(o for o in rendered["overlays/traces"] if o["kind"] == "NetworkPolicy")["spec"]
    closed = [n for n, some in rendered.items() if n != "overlays/traces" and next(o for o in some if o["kind"] == "NetworkPolicy")["spec"]["egress"]]
    lane.expect("traces: the way to the collector is open, and everywhere else nothing", policy["egress"] == [{"ports": [{"port": 4318}]}] and not closed, (policy, closed))


def main():
    rendered = {name: manifests.objects(name) for name in manifests.ALL}
    wanted = manifests.HEADER + manifests.render("base")
    lane.expect("the rendered file is what kustomize makes: ./dev docs", manifests.RENDERED.read_text() == wanted)
    home = lane.temp_dir()
    for name, objects in rendered.items():
        check_promises(name, objects)
        check_arguments(name, objects, home)
    check_monitoring(rendered["overlays/prometheus-operator"])
    check_scrape(rendered["overlays/prometheus-operator"])
    check_scaling(manifests.daemon_set(rendered["base"]))
    check_openshift(rendered["overlays/openshift"])
    check_components(rendered)
    version = subprocess.run([lane.exporter(), "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    images = {c["image"] for objects in rendered.values() for kind in ("containers", "initContainers")
              for c in at(manifests.daemon_set(objects), *POD).get(kind, [])}
    lane.expect("one image, of this version", images == {f"kubelet-lifecycle-exporter:{version}"}, images)
    check_types(rendered)
    lane.finish()


main()
