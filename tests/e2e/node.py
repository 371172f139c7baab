#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A node in a box: a booted Debian whose kubelet.service writes a recorded kubelet's lines to the journal. The .deb is
installed, scraped, upgraded, restarted and purged there, and each mistake an operator can make says what to do. Then the image,
by podman, on the same journal. The numbers are those of `report` on the log, each time."""
import atexit
import json
import pathlib
import subprocess
import sys
import time

import debian
import lane
import podman
from exposition import compare, samples_of, total

NAME = "kubelet-lifecycle-exporter"
UNIT = NAME + ".service"
PORT = 10298  # of the node's own network
WATCHDOG = 5  # seconds; the unit has a minute
lane.need("nsenter", "zstd", "dpkg-shlibdeps")


class Node:
    """A booted systemd; its network is its own, and commands run in it as if by a local root."""

    def __init__(self, root, log):
        self.root = root
        self.log = log
        self.leader = None
        self.nspawn = lane.start(*debian.NSPAWN, f"--directory={root}", "--boot", "--private-network", "--link-journal=no",
                                 stdin=subprocess.DEVNULL, stdout=open(log, "wb"), stderr=subprocess.STDOUT)
        atexit.register(self.power_off)  # before its folder goes
        begun = time.monotonic()
        try:
            lane.wait_for("its systemd", self._booted, 90)
        except AssertionError as error:
            lane.skip(f"systemd-nspawn boots no system here: {error}: {self.said()}")
        print(f"figure: boot_seconds = {time.monotonic() - begun:.1f}")

    def said(self):
        return " ".join(self.log.read_text(errors="replace").split())[-500:]

    def _booted(self):
        if self.nspawn.poll() is not None:
            lane.skip(f"systemd-nspawn boots no system here: {self.said()}")
        children = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children").read_text().split()
        if not children:
            return False
        self.leader = children[0]  # not the same from the beginning
        return self.run("systemctl", "is-system-running", check=False).stdout.strip() in ("running", "degraded")

    def run(self, *command, check=True, **options):
        done = subprocess.run(["nsenter", f"--target={self.leader}", "--all", "--root", "--wdns=/", "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                               "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", *map(str, command)],
                              capture_output=True, text=True, timeout=300, **options)
        if check and done.returncode != 0:
            sys.exit(f"FAIL  {' '.join(map(str, command))}: {(done.stdout + done.stderr).strip()[-2000:]}")
        return done

    def get(self, path):
        """(status, text) over the node's network, by a program of this machine."""
        ask = ("import sys, urllib.request, urllib.error\n"
               "try: answer = urllib.request.urlopen(sys.argv[1], timeout=5)\n"
               "except urllib.error.HTTPError as error: answer = error\n"
               "except OSError: sys.exit('0')\n"
               "print(answer.status if hasattr(answer, 'status') else answer.code); sys.stdout.write(answer.read().decode())")
        done = subprocess.run(["nsenter", f"--target={self.leader}", "--net", sys.executable, "-c", ask, f"http://127.0.0.1:{PORT}{path}"],
                              capture_output=True, text=True, timeout=120)
        status, _, text = done.stdout.partition("\n")
        return int(status or 0), text

    def power_off(self):
        if self.nspawn.poll() is None:
            lane.stop(self.nspawn, timeout=30)  # which it takes for: power off
        return self.nspawn.returncode


def packages():
    """Two versions of the .deb, as ./dev deb leaves them."""
    found = sorted((lane.ROOT / "build/deb").glob(f"{NAME}_*-[12]_*.deb"))
    if len(found) != 2:
        sys.exit(f"no two packages in build/deb, but {[f.name for f in found]}: ./dev deb 1 2")
    return found


def make_root(debs):
    """A copy of the base system, with the packages that the .deb wants where apt looks for them: it gets no network."""
    base = debian.base("bookworm", ("systemd-sysv", "init-system-helpers"))
    install = "apt-get -qq -y --no-install-recommends --download-only"
    done = debian.run(base, ["sh", "-c", f"{install} --no-download install /srv/deb/{debs[0].name} || "
                             f"{{ apt-get -qq update && {install} install /srv/deb/{debs[0].name}; }}"],
                      f"--bind-ro={debs[0].parent}:/srv/deb", capture_output=True, text=True)
    if done.returncode != 0:
        lane.skip(f"the packages that the .deb wants could not be had: {' '.join(done.stderr.split())[-500:]}")
    root = lane.temp_dir() / "root"
    debian.copy(base, root)
    for name, text in FILES.items():
        path = root / name.lstrip("/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "usr/bin/kubelet").chmod(0o755)
    (root / "srv/kubelet.log").touch()
    (root / "etc/systemd/system/multi-user.target.wants").mkdir(parents=True, exist_ok=True)
    (root / "etc/systemd/system/multi-user.target.wants/kubelet.service").symlink_to("../kubelet.service")
    (root / "var/log/journal").mkdir(exist_ok=True)
    debian.copy(debs[0].parent, root / "srv")
    return root


FILES = {
    # What is appended to the log is what this kubelet says.
    "/usr/bin/kubelet": "#!/bin/sh\nexec tail -n +1 -f /srv/kubelet.log\n",
    "/etc/systemd/system/kubelet.service": "[Unit]\nDescription=kubelet: The Kubernetes Node Agent\n"
                                           "[Service]\nExecStart=/usr/bin/kubelet\n",
    # The whole log comes within seconds.
    "/etc/systemd/journald.conf.d/node.conf": "[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\nSyncIntervalSec=1s\n",
}


class Service:
    """The installed exporter."""

    def __init__(self, node):
        self.node = node

    def show(self, name):
        return self.node.run("systemctl", "show", f"--property={name}", "--value", UNIT).stdout.strip()

    def samples(self):
        return samples_of(self.node.get("/metrics")[1])

    def journal(self):
        """What it said since `restart`. By its identifier: of a program that ends at once journald may not find out the unit or the invocation."""
        return self.node.run("journalctl", f"--identifier={NAME}", f"--since=@{self.begun:.6f}", "--output=cat", "--no-pager", "--quiet").stdout

    def reached(self, name, count):
        lane.wait_for(f"{name} at {count}, not {total(self.samples(), name):.0f}", lambda: total(self.samples(), name) >= count, 60)

    def drop_in(self, text):
        """Changes the unit as an operator does; "" takes it back."""
        folder = self.node.root / f"etc/systemd/system/{UNIT}.d"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "override.conf").write_text(text)
        if not text:
            (folder / "override.conf").unlink()
            folder.rmdir()
        self.node.run("systemctl", "daemon-reload")

    def restart(self):
        self.begun = time.time()
        self.node.run("systemctl", "reset-failed", UNIT)
        self.node.run("systemctl", "restart", UNIT, check=False)


def never_back(before, after):
    """Counters of the log, by name: those that are smaller than they were."""
    return {key: (before[key], after.get(key)) for key in before
            if key.split("{")[0].endswith(("_total", "_count", "_bucket")) and key.startswith("kubelet_lifecycle_")
            and after.get(key, 0) < before[key]}


def feed(node, lines):
    with open(node.root / "srv/kubelet.log", "a", encoding="utf-8") as log:
        log.write("".join(line + "\n" for line in lines))


def check_service(node, service):
    """It runs with the least privilege there is."""
    lane.expect("it runs", service.show("ActiveState") == "active", service.show("StatusText"))
    lane.expect("it is started at boot", node.run("systemctl", "is-enabled", UNIT, check=False).stdout.strip() == "enabled")
    pid = service.show("MainPID")
    status = dict(row.split(":\t", 1) for row in node.run("cat", f"/proc/{pid}/status").stdout.splitlines())
    lane.expect("of a user made up for it", int(status["Uid"].split()[0]) >= 61184, status["Uid"])
    lane.expect("in the journal's group", gid(node) in status["Groups"].split(), status["Groups"])
    lane.expect("without capabilities", int(status["CapBnd"], 16) == 0 and int(status["CapEff"], 16) == 0)
    lane.expect("its state is its own", node.run("stat", "-Lc%a", f"/var/lib/{NAME}").stdout.strip() == "700")
    lane.expect("the program's man page, completions, runbooks and examples are there", all(
        (node.root / path).exists() for path in (f"usr/share/man/man1/{NAME}.1.gz", f"usr/share/bash-completion/completions/{NAME}",
                                                 f"usr/share/doc/{NAME}/dashboards/runbooks/reasons.md",
                                                 f"usr/share/zsh/vendor-completions/_{NAME}", f"etc/{NAME}/config.yaml")))


def gid(node):
    return node.run("getent", "group", "systemd-journal").stdout.split(":")[2]


def install(node, deb):
    begun = time.monotonic()
    node.run("apt-get", "-qq", "-y", "--no-install-recommends", "install", f"/srv/deb/{deb.name}")
    print(f"figure: install_seconds = {time.monotonic() - begun:.1f}")


def follow(node, service, debs, lines, expected):
    """Installed, upgraded, caught and restarted while the lines come: each once in the counters."""
    parts = [lines[i * len(lines) // 4:(i + 1) * len(lines) // 4] for i in range(4)]
    node.run("systemctl", "start", "kubelet.service")
    feed(node, parts[0])
    install(node, debs[0])
    check_service(node, service)
    service.reached("lines_total", len(parts[0]) * 0.95)
    lane.wait_for("readiness", lambda: node.get("/-/ready")[0] == 200, 60)
    lane.wait_for("a status of its own", lambda: service.show("StatusText").startswith("ready"), 30)

    node.run("journalctl", "--rotate")
    feed(node, parts[1])
    service.reached("lines_total", len(parts[0] + parts[1]) * 0.95)
    before = service.samples()
    install(node, debs[1])
    lane.expect("the new version runs", service.show("ActiveState") == "active"
                and debs[1].name.split("_")[1] in node.run("dpkg-query", "-W", NAME).stdout)
    lane.wait_for("what it knew", lambda: service.samples())
    lane.expect("no counter went back over the upgrade", not never_back(before, service.samples()), str(never_back(before, service.samples())))

    feed(node, parts[2])
    service.drop_in(f"[Service]\nWatchdogSec={WATCHDOG}s\n")
    service.restart()
    lane.wait_for("readiness", lambda: node.get("/-/ready")[0] == 200, 60)
    before = service.samples()
    time.sleep(WATCHDOG + 1)
    lane.expect("it is let live while it works", service.show("NRestarts") == "0", service.show("NRestarts"))
    caught = service.show("MainPID")
    node.run("sh", "-c", f"kill -STOP {caught}")
    lane.wait_for("the watchdog", lambda: service.show("MainPID") not in (caught, "0") and node.get("/-/healthy")[0] == 200, 60)
    lane.expect("the watchdog started it again", "watchdog" in node.run("journalctl", "-u", UNIT, "--no-pager").stdout.lower())
    service.drop_in("")
    lane.expect("no counter went back over that", not never_back(before, service.samples()), str(never_back(before, service.samples())))

    node.run("journalctl", "--rotate")
    feed(node, parts[3])
    service.restart()
    try:
        service.reached("lines_total", expected["source"]["lines"])
        service.reached("events_total", expected["source"]["events"])
    except AssertionError as error:
        lane.expect(str(error), False)
    time.sleep(1.5)  # more than that must not come
    compare(service.samples(), node.get("/api/v1/terminations")[1], expected)


def mistakes(node, service):
    """What an operator does wrong says what to do: in the readiness, or in the journal of a unit that did not start."""
    flags = lambda text: f"[Service]\nEnvironment=\"ARGS={text}\"\nEnvironmentFile=\n"
    fresh = "--state.path=none "

    def ready_says(what, drop_in, *words):
        service.drop_in(drop_in)
        service.restart()
        said = lane.wait_for(what, lambda: (answer := node.get("/-/ready"))[0] == 503 and "catching" not in answer[1] and answer[1], 60)
        lane.expect(f"{what} is told", all(word in said for word in words), said)
        lane.wait_for(f"{what} in the unit's status", lambda: service.show("StatusText").strip() == said.strip(), 30)
        print(f"      {said.strip()}")

    def unit_says(what, drop_in, *words, result="exit-code"):
        service.drop_in(drop_in)
        service.restart()
        lane.wait_for(what, lambda: service.show("Result") == result and service.journal(), 60)
        said = lane.wait_for(f"words about {what}: {service.journal()}", lambda: all(word in service.journal() for word in words) and service.journal(), 30)
        lane.expect(f"{what} is told", True)
        print(f"      {said.strip().splitlines()[-1]}")

    ready_says("no permission on the journal", flags(fresh) + "SupplementaryGroups=\n",
               f"run with the supplementary group {gid(node)} (systemd-journal)")
    ready_says("a wrong unit", flags(fresh + "--journal.unit=kublet"), "--journal.unit", "kubelet.service")
    unit_says("no journal at all", flags(fresh) + "TemporaryFileSystem=/var/log:ro /run/log:ro\n", "/var/log/journal", "/run/log/journal", "--source=file")
    unit_says("another folder", flags(fresh + "--journal.directory=/nowhere"), "/nowhere", "No such file", "--journal.directory")
    unit_says("an unknown flag", flags("--stuck.slak=3s"), "did you mean --stuck.slack")
    lane.expect("which is not tried again", service.show("ActiveState") == "failed", service.show("ActiveState"))

    service.drop_in("")
    node.run("systemctl", "stop", UNIT)
    taken = lane.start("nsenter", f"--target={node.leader}", "--net", sys.executable, "-c",
                       f"import socket, time; s = socket.create_server(('', {PORT})); print(flush=True); time.sleep(600)", stdout=subprocess.PIPE)
    taken.stdout.readline()
    unit_says("a taken port", "[Service]\nRestartSec=1s\n", f":{PORT}", "Address already in use", "another program listens there", "stop it or give another address")
    lane.stop(taken)
    lane.wait_for("a port that is free again is used", lambda: node.get("/-/ready")[0] == 200, 60)
    service.drop_in("")
    service.restart()


def check_purged(node):
    node.run("apt-get", "-qq", "-y", "remove", NAME)
    lane.expect("removed, the state stays", node.run("test", "-e", f"/var/lib/private/{NAME}/state", check=False).returncode == 0)
    node.run("apt-get", "-qq", "-y", "purge", NAME)
    left = node.run("find", "/", "-xdev", "-name", f"*{NAME}*", "-not", "-path", "/srv/deb/*", "-not", "-path", "/proc/*",
                    "-not", "-path", "/sys/*").stdout.split()
    lane.expect("purged, nothing is left", not left, str(left))
    units = node.run("systemctl", "list-units", "--all", "--failed", "--no-legend", "--plain").stdout
    lane.expect("and no unit failed", NAME not in units, units)


def image_on(journal, expected):
    """The same journal under the image: of no rights but the journal's group."""
    podman.probe()
    archive = podman.home / "image.tar"
    podman.build(archive)
    image = podman.load(archive)
    group = next(path for path in journal.rglob("*.journal")).stat().st_gid
    port = lane.free_port()
    base = f"http://127.0.0.1:{port}"
    lane.start(*podman.PODMAN, *podman.RUN, "--name=kle", "--user=10001:10001", f"--group-add={group}", f"--volume={journal}:/var/log/journal:ro",
               image, "--journal.directory=/var/log/journal", "--start=all", "--state.path=none", f"--web.listen-address=127.0.0.1:{port}",
               stdout=open(podman.home / "serve.log", "wb"), stderr=subprocess.STDOUT)
    lane.wait_for("the image's readiness", lambda: lane.get(base + "/-/ready")[0] == 200, 60)
    time.sleep(1.5)
    compare(samples_of(lane.get(base + "/metrics")[1]), lane.get(base + "/api/v1/terminations")[1], expected)


def main():
    debs = packages()
    begun = time.monotonic()
    root = make_root(debs)
    print(f"figure: prepare_seconds = {time.monotonic() - begun:.1f}")
    node = Node(root, lane.temp_dir() / "console.log")
    lines = lane.shifted(lane.recorded("1.23.15-docker-text-v5/mix-abcdi"))
    log = lane.temp_dir() / "kubelet.log"
    log.write_text("\n".join(lines) + "\n")
    expected = json.loads(subprocess.run([lane.exporter(), "report", "--format=json", log], check=True, capture_output=True).stdout)
    service = Service(node)
    follow(node, service, debs, lines, expected)
    mistakes(node, service)
    check_purged(node)
    begun = time.monotonic()
    status = node.power_off()
    lane.expect("it powers off", status == 0, str(status))
    print(f"figure: poweroff_seconds = {time.monotonic() - begun:.1f}")
    image_on(node.root / "var/log/journal", expected)
    lane.finish()


main()
