#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The image: deploy/image/build gives the same digest twice, and podman runs it as a user of no rights on a read-only root,
beside a live journal: its counts must equal what `report`, from the same image, says of the same log."""
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tarfile
import time

import lane
from exposition import compare, samples_of, total
from podman import NAME, PODMAN, RUN, build, home, load, podman, probe

MOST_BYTES = 30_000_000
USER, GROUP = 10001, 10002  # another user than the image's own; the group may read the journal
LINES_PER_SECOND = 4000

lane.need("zstd")


def metrics(base):
    return samples_of(lane.get(base + "/metrics")[1])


def blob(archive, digest):
    with tarfile.open(archive) as tar:
        return tar.extractfile("./blobs/" + digest.replace(":", "/")).read()


def machine():
    return {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]


def check_bill(tar, archive):
    """The bill of materials is whole, the same in the image as beside the archive, and names every program and library."""
    beside = archive.with_suffix(".spdx.json").read_bytes()
    lane.expect("a bill of materials in the image", tar.extractfile(f"usr/share/sbom/{NAME}.spdx.json").read() == beside)
    bill = json.loads(beside)
    lane.expect("of SPDX 2.3", (bill["spdxVersion"], bill["dataLicense"], bill["SPDXID"]) == ("SPDX-2.3", "CC0-1.0", "SPDXRef-DOCUMENT"))
    elements = [bill, *bill["packages"], *bill["files"]]
    ids = [element["SPDXID"] for element in elements]
    lane.expect("each element has an identifier of its own", len(set(ids)) == len(ids)
                and all(re.fullmatch(r"SPDXRef-[A-Za-z0-9.-]+", one) for one in ids), str(ids))
    lane.expect("relationships are between them", all({r["spdxElementId"], r["relatedSpdxElement"]} <= set(ids) for r in bill["relationships"]))
    related = {r["relatedSpdxElement"] for r in bill["relationships"]}
    lane.expect("and nothing stands alone", set(ids[1:]) <= related, str(set(ids[1:]) - related))
    named = {f["fileName"][2:]: {c["algorithm"]: c["checksumValue"] for c in f["checksums"]} for f in bill["files"]}
    programs = [m for m in tar.getmembers() if m.isfile() and (".so" in m.name or m.name.startswith("usr/bin/"))]
    lane.expect("it names every program and library", sorted(named) == sorted(m.name for m in programs), str(sorted(named)))
    lane.expect("by what is in them", all(named[m.name]["SHA256"] == hashlib.sha256(tar.extractfile(m).read()).hexdigest() for m in programs))
    purls = [r["referenceLocator"] for p in bill["packages"] for r in p.get("externalRefs", [])]
    for package in ("libc6", "libsystemd0", "tzdata", "libcli11-dev"):
        lane.expect(f"{package} with its version", any(re.match(rf"pkg:deb/debian/{package}@\d", purl) for purl in purls), str(purls))
    print(f"figure: sbom_packages = {len(bill['packages'])}")


def check_image(archive, digest):
    manifest = json.loads(blob(archive, digest))
    config = json.loads(blob(archive, manifest["config"]["digest"]))
    settings = config["config"]
    labels = settings["Labels"]
    lane.expect("it tells what machine it is for", (config["architecture"], config["os"]) == (machine(), "linux"), str(config.get("architecture")))
    lane.expect("it runs the exporter", settings["Entrypoint"] == [f"/usr/bin/{NAME}"] and not settings.get("Cmd"), str(settings))
    lane.expect("not as root", settings["User"] == "65532:65532", settings["User"])
    lane.expect("its port is told", list(settings["ExposedPorts"]) == ["10298/tcp"], str(settings["ExposedPorts"]))
    for label in ("title", "description", "version", "created", "licenses", "base.name"):
        lane.expect(f"label {label}", labels.get(f"org.opencontainers.image.{label}"), str(labels))
    layer = home / "layer.tar"
    layer.write_bytes(b"".join(blob(archive, one["digest"]) for one in manifest["layers"]))
    with tarfile.open(layer) as tar:
        members = tar.getmembers()
        check_bill(tar, archive)
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


probe()
first, second = home / "first.tar", home / "second.tar"
digest = build(first)
again = build(second, TMPDIR=str(home), TZ="Asia/Tokyo", LANG="de_DE.UTF-8")
lane.expect("the same input gives the same digest", digest == again, f"{digest} and {again}")
lane.expect("and the same archive", first.read_bytes() == second.read_bytes())
second.unlink()
other = subprocess.run([lane.ROOT / "deploy/image/build", lane.ROOT / f"build/release/{NAME}", second], capture_output=True, text=True,
                       env={**os.environ, "TARGETARCH": "riscv64"})
lane.expect("a binary for another machine is refused", other.returncode == 1 and "not riscv64" in other.stderr, other.stderr)
check_image(first, digest)
image = load(first)

lines = lane.shifted(lane.recorded("1.23.15-docker-text-v5/mix-abcdi"))
log = home / "kubelet.log"
log.write_text("\n".join(lines) + "\n")
follow(image, lines, log, report(image, log))
print((home / "serve.log").read_text()[-1500:])
lane.finish()
