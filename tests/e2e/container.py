#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The image: deploy/image/build gives the same digest twice, and podman runs it as a user of no rights on a read-only root,
beside a live journal: its counts must equal what `report`, from the same image, says of the same log."""
import atexit
import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import time

import lane

NAME = "kubelet-lifecycle-exporter"
MOST_BYTES = 30_000_000
USER, GROUP = 10001, 10002  # another user than the image's own; the group may read the journal
LINES_PER_SECOND = 4000

lane.need("buildah", "podman", "runc", "zstd", lane.ROOT / "deploy/image/build")
if os.geteuid() != 0:
    lane.skip("images are built and run as root")
# Written there whatever the options say; what was not there goes again.
ELSEWHERE = [path for path in map(pathlib.Path, ("/var/lib/containers", "/dev/shm/libpod_lock", "/run/runc")) if not path.exists()]
home = lane.temp_dir()
PODMAN = ["podman", f"--root={home}/storage", f"--runroot={home}/run", f"--tmpdir={home}/tmp", "--storage-driver=vfs",
          "--events-backend=none", "--cgroup-manager=cgroupfs", "--runtime=runc"]
# The limits are given because podman would raise its own, which a machine of few rights forbids.
RUN = ["run", "--network=host", "--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096", "--read-only", "--read-only-tmpfs=false",
       "--cap-drop=all", "--security-opt=no-new-privileges"]


def podman(*arguments, check=True, **options):
    done = subprocess.run([*PODMAN, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)
    if check and done.returncode != 0:
        sys.exit(f"FAIL  podman {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done


@atexit.register
def clean():
    podman("rm", "--force", "--ignore", "--time=5", "kle", check=False)
    for path in ELSEWHERE:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def probe():
    """What a machine of few rights forbids is known before it can be taken for a fault of the image."""
    done = subprocess.run(["buildah", f"--root={home}/probe", f"--runroot={home}/run", "--storage-driver=vfs", "from", "scratch"],
                          capture_output=True, text=True)
    if done.returncode != 0:
        lane.skip(f"buildah does not work here: {said(done)}")
    with tarfile.open(home / "probe.tar", "w") as tar:
        tar.add(__file__, arcname="file")
    done = podman("import", "--quiet", home / "probe.tar", "probe", check=False)
    if done.returncode != 0:
        lane.skip(f"podman keeps no image here: {said(done)}")


def said(done):
    return " ".join(done.stderr.split())[-300:]


def build(archive, **environment):
    binary = lane.ROOT / f"build/release/{NAME}"
    if not binary.exists():
        sys.exit(f"no binary at {binary}: ./dev build")
    begun = time.monotonic()
    done = subprocess.run([lane.ROOT / "deploy/image/build", binary, archive], capture_output=True, text=True,
                          env={**os.environ, **environment})
    if done.returncode != 0:
        sys.exit(f"FAIL  deploy/image/build: {done.stderr.strip()}")
    digest = next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("digest "))
    print(f"built in {time.monotonic() - begun:.1f} s: {digest}")
    return digest


def blob(archive, digest):
    with tarfile.open(archive) as tar:
        return tar.extractfile("./blobs/" + digest.replace(":", "/")).read()


def check_image(archive, digest):
    manifest = json.loads(blob(archive, digest))
    config = json.loads(blob(archive, manifest["config"]["digest"]))
    settings = config["config"]
    labels = settings["Labels"]
    lane.expect("it runs the exporter", settings["Entrypoint"] == [f"/usr/bin/{NAME}"] and not settings.get("Cmd"), str(settings))
    lane.expect("not as root", settings["User"] == "65532:65532", settings["User"])
    lane.expect("its port is told", list(settings["ExposedPorts"]) == ["10298/tcp"], str(settings["ExposedPorts"]))
    for label in ("title", "description", "version", "created", "licenses"):
        lane.expect(f"label {label}", labels.get(f"org.opencontainers.image.{label}"), str(labels))
    layer = home / "layer.tar"
    layer.write_bytes(b"".join(blob(archive, one["digest"]) for one in manifest["layers"]))
    with tarfile.open(layer) as tar:
        members = tar.getmembers()
    names = {member.name for member in members}
    size = sum(member.size for member in members)
    libraries = [name for name in names if ".so" in name]
    licences = [name for name in names if name.endswith("/copyright")]
    print(f"figure: image_bytes = {size}\nfigure: image_files = {len(names)}\nfigure: image_libraries = {len(libraries)}")
    lane.expect("it is small", size < MOST_BYTES, f"{size} bytes")
    lane.expect("licences of all", len(licences) > len(libraries) * 0.8 and f"usr/share/doc/{NAME}/copyright" in names,
                f"{len(licences)} for {len(libraries)} libraries")
    lane.expect("one layer", len(manifest["layers"]) == 1)
    lane.expect("no shell in it", not any(name.startswith(("bin/", "usr/bin/", "usr/sbin/")) and name != f"usr/bin/{NAME}"
                                          for name in names))
    owners = {(member.name, member.uid) for member in members if member.uid != 0}
    lane.expect("only the state folder is not root's", owners == {(f"var/lib/{NAME}", 65532)}, str(owners))
    lane.expect("nothing is set-uid or writable by all",
                not any(member.mode & 0o6022 for member in members if not member.issym()))


def load(archive):
    """The image in podman's store; its libraries are complete if the program starts below it without podman."""
    # podman says what it loaded: "Loaded image: localhost/..."
    image = podman("load", "--quiet", f"--input={archive}").stdout.split()[-1]
    root = podman("image", "mount", image).stdout.strip()
    done = subprocess.run(["chroot", "--userspec=65532:65532", root, f"/usr/bin/{NAME}", "--version"], capture_output=True, text=True)
    lane.expect("it starts from nothing but the image", done.returncode == 0 and NAME in done.stdout, done.stderr)
    podman("image", "unmount", image)
    done = podman(*RUN, "--rm", image, "--version", check=False)
    if done.returncode != 0 and not lane.expect.failed:
        lane.skip(f"podman runs no container here: {said(done)}")
    lane.expect("podman runs it", NAME in done.stdout, done.stderr)
    return image


def report(image, log):
    """What the image's own `report` says; the zone is one of its own zone files."""
    with open(log, "rb") as text:
        done = subprocess.run([*PODMAN, *RUN, "--rm", "--interactive", image, "report", "--format=json", "--timezone=Etc/UTC", "-"],
                              stdin=text, capture_output=True, timeout=120)
    lane.expect("report in the image", done.returncode == 0, done.stderr.decode())
    return json.loads(done.stdout)


def check_process(pid):
    status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    lane.expect("another user", status["Uid"].split() == [str(USER)] * 4, status["Uid"])
    lane.expect("of one group more", status["Groups"].split()[-1:] == [str(GROUP)], status["Groups"])
    lane.expect("no capabilities", all(int(status[f"Cap{which}"], 16) == 0 for which in ("Eff", "Prm", "Bnd", "Inh", "Amb")))
    lane.expect("no new privileges", status["NoNewPrivs"].strip() == "1")
    mounts = [line.split() for line in pathlib.Path(f"/proc/{pid}/mountinfo").read_text().splitlines()]
    options = {mount[4]: mount[5].split(",") for mount in mounts}
    for path in ("/", "/var/log/journal"):
        lane.expect(f"{path} is read-only", "ro" in options.get(path, []), str(options.get(path)))


def metrics(base):
    """{name with labels: value} of the exposition."""
    text = lane.get(base + "/metrics")[1]
    return {key: float(value) for key, value in (line.rsplit(" ", 1) for line in text.splitlines() if line and line[0] != "#")}


def total(samples, name):
    return sum(value for key, value in samples.items() if key.split("{")[0] == f"kubelet_lifecycle_{name}")


def follow(image, lines, log, expected):
    """serve in a container on a real journal; a third of the lines is there before it, the rest comes as it runs."""
    journald = lane.Journald("kle-image")
    for path in (journald.directory, *journald.directory.iterdir()):
        os.chown(path, 0, GROUP)
        path.chmod(0o2750 if path.is_dir() else 0o640)  # new files get the folder's group
    kubelet = journald.stream()
    send = lambda some: kubelet.sendall(("\n".join(some) + "\n").encode())
    third = len(lines) // 3
    for i in range(0, third, 400):
        send(lines[i:min(i + 400, third)])

    state = home / "state"
    state.mkdir(mode=0o700)
    os.chown(state, USER, USER)
    port = lane.free_port()
    base = f"http://127.0.0.1:{port}"
    container = lane.start(
        *PODMAN, *RUN, "--name=kle", f"--user={USER}:{USER}", f"--group-add={GROUP}",
        f"--volume={journald.directory}:/var/log/journal:ro", f"--volume={state}:/var/lib/{NAME}", image,
        "--journal.directory=/var/log/journal", "--start=all", f"--web.listen-address=127.0.0.1:{port}",
        stdout=open(home / "serve.log", "wb"), stderr=subprocess.STDOUT)
    lane.wait_for("the exporter's health", lambda: lane.get(base + "/-/healthy")[0] == 200 or container.poll() is not None, 60)
    lane.wait_for("what was there before it", lambda: total(metrics(base), "lines_total") >= third or container.poll() is not None)
    if container.poll() is not None:
        sys.exit(f"FAIL  the container ended by itself: {(home / 'serve.log').read_text()[-2000:]}")
    check_process(podman("inspect", "--format={{.State.Pid}}", "kle").stdout.strip())

    for i in range(third, len(lines), 400):
        send(lines[i:i + 400])
        time.sleep(400 / LINES_PER_SECOND)
        if i - third < 400 * 10 <= i + 400 - third:
            journald.rotate()
    source = expected["source"]
    try:
        lane.wait_for("all lines", lambda: total(now := metrics(base), "lines_total") >= source["lines"]
                      and total(now, "events_total") >= source["events"], 60)
    except AssertionError as error:
        lane.expect(str(error), False)
    time.sleep(1.5)  # more than that must not come
    compare(metrics(base), lane.get(base + "/api/v1/terminations")[1], expected)
    lane.expect("ready", lane.get(base + "/-/ready")[0] == 200, lane.get(base + "/-/ready")[1])

    begun = time.monotonic()
    podman("stop", "--time=10", "kle")
    lane.expect("it ends with 0 when asked to", container.wait(timeout=30) == 0, str(container.returncode))
    lane.expect("at once", time.monotonic() - begun < 9)


def compare(samples, api, expected):
    ended = [t for t in expected["terminations"] if t["state"] in ("removed", "terminated") and t["trigger"] != "finished"]
    in_flight = [t for t in expected["terminations"] if t["state"] == "in_flight"]
    lane.expect("the log ends something", len(ended) > 3)
    for name, count in (("events_total", expected["source"]["events"]), ("pod_terminations_total", len(ended)),
                        ("terminating_pods", len(in_flight)), ("lines_total", expected["source"]["lines"])):
        print(f"figure: {name} = {total(samples, name):.0f}")
        lane.expect(f"{name} as report has it", total(samples, name) == count, f"{total(samples, name)} against {count}")
    counts = collections.Counter(f'kubelet_lifecycle_pod_terminations_total{{outcome="{t["outcome"]}",trigger="{t["trigger"]}"}}'
                                 for t in ended)
    got = {key: value for key, value in samples.items() if key.startswith("kubelet_lifecycle_pod_terminations_total") and value}
    lane.expect("by trigger and outcome", got == dict(counts), f"{got} against {dict(counts)}")
    uids = {t["uid"] for t in json.loads(api)["terminations"]}
    lane.expect("every record", {t["uid"] for t in ended + in_flight} <= uids)


probe()
first, second = home / "first.tar", home / "second.tar"
digest = build(first)
again = build(second, TMPDIR=str(home), TZ="Asia/Tokyo", LANG="de_DE.UTF-8")
lane.expect("the same input gives the same digest", digest == again, f"{digest} and {again}")
lane.expect("and the same archive", first.read_bytes() == second.read_bytes())
second.unlink()
check_image(first, digest)
image = load(first)

lines = lane.shifted(lane.recorded("1.23.15-docker-text-v5/mix-abcdi"))
log = home / "kubelet.log"
log.write_text("\n".join(lines) + "\n")
follow(image, lines, log, report(image, log))
print((home / "serve.log").read_text()[-1500:])
lane.finish()
