#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The pods of deploy/kubernetes as podman runs them: arguments, users, groups, capabilities, root and mounts all taken from the
rendered manifests, on a host whose folders belong to root. What a container may do there, it may do on a node."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import lane
import manifests
from podman import LIMITS, PODMAN, home, podman

lane.need("zstd", "nsenter", "curl", "openssl")
RUN = ["run", *LIMITS, "--network=none"]
STATE = "/var/lib/kubelet-lifecycle-exporter"
SYSTEMD_JOURNAL, ADM = 999, 4


def image():
    archive = home / "image.tar"
    done = subprocess.run([lane.ROOT / "deploy/image/build", lane.exporter(), archive], capture_output=True, text=True)
    if done.returncode != 0:
        lane.skip(f"no image can be made here: {done.stderr.strip()[-300:]}")
    done = podman("load", "--quiet", f"--input={archive}", check=False)
    if done.returncode != 0:
        lane.skip(f"podman keeps no image here: {done.stderr.strip()[-300:]}")
    name = done.stdout.split()[-1]
    archive.unlink()
    done = podman(*RUN, "--rm", name, "--version", check=False)
    if done.returncode != 0:
        lane.skip(f"podman runs no container here: {done.stderr.strip()[-300:]}")
    return name


def make_folder(path, kind):
    """As the kubelet does: DirectoryOrCreate is root's, 0755; the others have to be there."""
    if kind == "DirectoryOrCreate" and not path.exists():
        path.mkdir(parents=True)
        path.chmod(0o755)
        os.chown(path, 0, 0)
    lane.expect(f"{path.relative_to(home)} is what the volume asks for", path.is_file() if kind == "File" else path.is_dir())


class Pod:
    def __init__(self, overlay, image, host, extra=()):
        self.overlay, self.image, self.host, self.extra = overlay, image, host, list(extra)
        self.objects = manifests.objects(overlay)
        self.spec = manifests.daemon_set(self.objects)["spec"]["template"]["spec"]
        probe = self.spec["containers"][0]["readinessProbe"]["httpGet"]
        self.probe = {"port": 10299, "scheme": probe.get("scheme", "HTTP").lower()}
        self.name = "kle-" + overlay.replace("/", "-").replace(".", "-")

    def source(self, volume):
        if "hostPath" in volume:
            path = self.host / volume["hostPath"]["path"].lstrip("/")
            make_folder(path, volume["hostPath"]["type"])
            return path
        path = self.host / "volumes" / volume["name"]
        path.mkdir(parents=True, exist_ok=True)
        if "emptyDir" in volume:  # the kubelet's: the pod's fsGroup may write
            os.chown(path, 0, self.spec["securityContext"]["fsGroup"])
            path.chmod(0o2777)
        if "configMap" in volume:
            config = next(o for o in self.objects if o["kind"] == "ConfigMap" and o["metadata"]["name"] == volume["configMap"]["name"])
            for key, text in config["data"].items():
                (path / key).write_text(text)
        if "secret" in volume:
            self.certificate(path, volume["secret"]["defaultMode"])
        return path

    def certificate(self, path, mode):
        if not (path / "tls.crt").exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
                            "-subj", "/CN=node", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path / "tls.key", "-out",
                            path / "tls.crt"], check=True, capture_output=True)
        for file in path.iterdir():
            file.chmod(mode)

    def flags(self, container):
        security = {**self.spec["securityContext"], **container["securityContext"]}
        if security["runAsNonRoot"] == (security["runAsUser"] == 0):
            sys.exit(f"FAIL  the kubelet would refuse {container['name']}: runAsNonRoot and user {security['runAsUser']}")
        volumes = {volume["name"]: volume for volume in self.spec["volumes"]}
        out = [f"--user={security['runAsUser']}:{security['runAsGroup']}", *(f"--cap-drop={c}" for c in security["capabilities"]["drop"])]
        out += [f"--group-add={group}" for group in security["supplementalGroups"] + [security[k] for k in ("fsGroup",) if k in security]]
        if security["readOnlyRootFilesystem"]:
            out += ["--read-only", "--read-only-tmpfs=false"]
        if not security["allowPrivilegeEscalation"]:
            out.append("--security-opt=no-new-privileges")
        for mount in container["volumeMounts"]:
            out.append(f"--volume={self.source(volumes[mount['name']])}:{mount['mountPath']}{':ro' if mount.get('readOnly') else ''}")
        return out + self.extra

    def prepare(self):
        for container in self.spec.get("initContainers", []):
            done = podman(*RUN, "--rm", *self.flags(container), self.image, *container["args"], check=False)
            lane.expect(f"{self.overlay}: {container['name']}", done.returncode == 0, done.stderr)

    def start(self):
        container = self.spec["containers"][0]
        self.log = open(home / f"{self.name}.log", "ab")
        self.child = lane.start(*PODMAN, *RUN, f"--name={self.name}", *self.flags(container), self.image, *container["args"],
                                stdout=self.log, stderr=subprocess.STDOUT)
        lane.wait_for(f"{self.overlay}: health", lambda: self.get("/-/healthy", **self.probe)[0] == 200 or self.child.poll() is not None, 60)
        if self.child.poll() is not None:
            sys.exit(f"FAIL  {self.overlay}: it ended by itself: {self.said()[-2000:]}")

    def said(self):
        return (home / f"{self.name}.log").read_text()

    def pid(self):
        return podman("inspect", "--format={{.State.Pid}}", self.name, check=False).stdout.strip()

    def get(self, path, port=10298, scheme="http"):
        """From inside of the pod's network: nothing else is in it."""
        pid = self.pid()
        if not pid or pid == "0":
            return 0, ""
        done = subprocess.run(["nsenter", f"--net=/proc/{pid}/ns/net", "curl", "-sk", "-m5", "-w", "\n%{http_code}", f"{scheme}://127.0.0.1:{port}{path}"],
                              capture_output=True, text=True)
        body, _, code = done.stdout.rpartition("\n")
        return int(code or 0), body

    def samples(self, **options):
        text = self.get("/metrics", **options)[1]
        return {key: float(value) for key, value in (line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#")}

    def total(self, name, **options):
        return sum(v for k, v in self.samples(**options).items() if k.split("{")[0] == f"kubelet_lifecycle_{name}")

    def stop(self):
        podman("stop", "--time=10", self.name)
        lane.expect(f"{self.overlay}: ends with 0", self.child.wait(timeout=30) == 0, self.said()[-500:])
        podman("rm", "--force", self.name, check=False)


def check_process(pod):
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pod.pid()}/status").read_text().splitlines())
    lane.expect(f"{pod.overlay}: user 65532", status["Uid"].split() == ["65532"] * 4, status["Uid"])
    lane.expect(f"{pod.overlay}: no capability", all(int(status[f"Cap{which}"], 16) == 0 for which in ("Eff", "Prm", "Bnd", "Inh", "Amb")))
    lane.expect(f"{pod.overlay}: no new privileges, seccomp", status["NoNewPrivs"].strip() == "1" and status["Seccomp"].strip() == "2", status)
    mounts = [line.split() for line in pathlib.Path(f"/proc/{pod.pid()}/mountinfo").read_text().splitlines()]
    writable = [m[4] for m in mounts if "rw" in m[5].split(",") and not m[4].startswith(("/proc", "/dev", "/sys", "/run/secrets", "/etc/"))]
    lane.expect(f"{pod.overlay}: only the state can be written", writable == [STATE], writable)


def follow(pod, expected, ready=True, **options):
    pod.prepare()
    pod.start()
    check_process(pod)
    try:
        lane.wait_for(f"{pod.overlay}: every line", lambda: pod.total("lines_total", **options) == expected["lines"], 40)
    except AssertionError as error:
        lane.expect(str(error), False, f"{pod.total('lines_total', **options)} of {expected['lines']}: {pod.said()[-1500:]}")
    lane.expect(f"{pod.overlay}: every termination", pod.total("pod_terminations_total", **options) == expected["ended"],
                pod.total("pod_terminations_total", **options))
    lane.expect(f"{pod.overlay}: ready", pod.get("/-/ready", **pod.probe)[0] == 200, pod.get("/-/ready", **pod.probe))
    lane.expect(f"{pod.overlay}: state is kept", pod.total("state_commits_total", **options) > 0 and pod.total("state_commit_errors_total", **options) == 0)


def journal_host(lines):
    """A host with a journal as Debian has it; its entries come from a real journald."""
    host = home / "journal-host"
    machine = pathlib.Path("/etc/machine-id").read_text().strip()
    (host / "etc").mkdir(parents=True)
    (host / "etc/machine-id").write_text(machine + "\n")
    (host / f"var/log/journal/{machine}").mkdir(parents=True)
    journald = lane.Journald("kle-pod")
    for path in (journald.directory, *journald.directory.iterdir()):
        os.chown(path, 0, SYSTEMD_JOURNAL)
        path.chmod(0o2750 if path.is_dir() else 0o640)
    kubelet = journald.stream()
    for i in range(0, len(lines), 400):
        kubelet.sendall(("\n".join(lines[i:i + 400]) + "\n").encode())
    # The one folder that is not below `host`, put where the node has it.
    return journald, host, [f"--volume={journald.directory}:/var/log/journal/{machine}:ro"]


def main():
    name = image()
    lines = lane.shifted(lane.recorded("1.32.13-containerd17-text-v2/mix-abcdi"))
    log = home / "kubelet.log"
    log.write_text("\n".join(lines) + "\n")
    told = json.loads(subprocess.run([lane.exporter(), "report", "--format=json", "--timezone=UTC", log], check=True, capture_output=True).stdout)
    ended = [t for t in told["terminations"] if t["state"] in ("removed", "terminated") and t["trigger"] != "finished"]
    expected = {"lines": told["source"]["lines"], "ended": len(ended)}
    journald, host, mounted = journal_host(lines)

    base = Pod("base", name, host, mounted)
    follow(base, expected)
    base.stop()
    base.start()  # the next pod of the node
    lane.expect("base: a new pod goes on from the state", "going on from the state file" in base.said()
                and base.total("lines_total") == expected["lines"], base.said()[-800:])
    base.stop()
    owner = (host / STATE.lstrip("/")).stat()
    lane.expect("base: the folder is root's still, and the group's", (owner.st_uid, owner.st_gid, owner.st_mode & 0o7777) == (0, 65532, 0o770), owner)

    debian = Pod("overlays/journal-gid-debian", name, host, mounted)
    debian.prepare()
    debian.start()
    lane.expect("journal-gid-debian: it may read", debian.total("journal_files_unreadable") == 0 and debian.total("lines_total") == expected["lines"])
    debian.stop()
    rhel = Pod("overlays/journal-gid-rhel", name, host, mounted)
    rhel.prepare()
    rhel.start()
    lane.expect("journal-gid-rhel, on a Debian: it may not, and says so",
                rhel.total("journal_files_unreadable") > 0 and "unreadable: permission" in rhel.said(), rhel.said()[-1500:])
    rhel.stop()

    tls = Pod("overlays/tls", name, host, mounted)
    follow(tls, expected, scheme="https")
    lane.expect("tls: never plain", tls.get("/metrics")[0] != 200)
    tls.stop()

    pod_state = Pod("overlays/pod-state", name, host, mounted)
    pod_state.prepare()
    pod_state.start()
    check_process(pod_state)
    lane.expect("pod-state: it begins now", pod_state.total("pod_terminations_total") == 0)
    pod_state.stop()
    lane.stop(journald.daemon)

    files = home / "file-host"
    (files / "var/log/kubelet").mkdir(parents=True)
    target = files / "var/log/kubelet/kubelet.log"
    shutil.copy(log, target)
    os.chown(target, 0, ADM)
    target.chmod(0o640)
    file = Pod("overlays/file", name, files)
    follow(file, expected)
    file.stop()
    lane.finish()


main()
