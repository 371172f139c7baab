# SPDX-License-Identifier: Apache-2.0
"""The image of deploy/image/build, and podman with a store of its own that goes when the lane ends."""
import atexit
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import time

import lane

NAME = "kubelet-lifecycle-exporter"

lane.need("buildah", "podman", "runc", lane.ROOT / "deploy/image/build")
if os.geteuid() != 0:
    lane.skip("images are built and run as root")
# Written there whatever the options say; what was not there goes again.
ELSEWHERE = [path for path in map(pathlib.Path, ("/var/lib/containers", "/dev/shm/libpod_lock", "/run/runc")) if not path.exists()]
home = lane.temp_dir()
PODMAN = ["podman", f"--root={home}/storage", f"--runroot={home}/run", f"--tmpdir={home}/tmp", "--storage-driver=vfs",
          "--events-backend=none", "--cgroup-manager=cgroupfs", "--runtime=runc", f"--runtime-flag=root={home}/runc"]
# Given because podman would raise its own, which a machine of few rights forbids.
LIMITS = ["--ulimit=nofile=4096:4096", "--ulimit=nproc=4096:4096"]
RUN = ["run", *LIMITS, "--network=host", "--read-only", "--read-only-tmpfs=false",
       "--cap-drop=all", "--security-opt=no-new-privileges"]


def podman(*arguments, check=True, **options):
    done = subprocess.run([*PODMAN, *map(str, arguments)], capture_output=True, text=True, timeout=120, **options)
    if check and done.returncode != 0:
        sys.exit(f"FAIL  podman {' '.join(map(str, arguments))}: {done.stderr.strip()}")
    return done


@atexit.register
def clean():
    podman("rm", "--force", "--all", "--time=5", check=False)
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
