#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""trixie.py TASK...: ./dev TASK in a Debian 13 of its own (GCC 14, systemd 257 and the newer libraries). Its build folder is
build/trixie, its compiler cache this machine's. After the task test, the image of what was built there is made out here."""
import fcntl
import os
import shutil
import subprocess
import sys

import debian
import image_files
import lane

NAME = "kubelet-lifecycle-exporter"
BUILD = lane.ROOT / "build/trixie"


def system():
    """Installed into by ./dev in there, by one run at a time."""
    home = lane.cache() / "debian" / "trixie-build"
    base = debian.base("trixie")
    lock = open(home.with_suffix(".lock"), "w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    if not home.exists():
        scratch = home.with_suffix(".new")
        shutil.rmtree(scratch, ignore_errors=True)
        debian.copy(base, scratch)
        scratch.rename(home)
    return home, lock


def dev(home, *task):
    ccache = lane.cache() / "ccache"
    for folder in (BUILD, ccache, home / "src"):
        folder.mkdir(parents=True, exist_ok=True)
    return debian.run(home, ["/src/dev", *task], f"--bind={lane.ROOT}:/src", f"--bind={BUILD}:/src/build", "--chdir=/src", "--console=pipe",
                      f"--bind={ccache}:/root/.cache/kubelet-lifecycle-exporter/ccache", f"--setenv=JOBS={os.environ.get('JOBS', os.cpu_count())}").returncode


def check_image(home):
    """From another Debian's binary and files, of which nothing is run: with what libsystemd opens at run time too."""
    archive = lane.temp_dir() / "image.tar"
    done = subprocess.run([lane.ROOT / "deploy/image/build", BUILD / "dev" / NAME, archive], capture_output=True, text=True,
                          env={**os.environ, "SYSROOT": str(home)})
    if done.returncode != 0:
        lane.expect("the image of Debian 13's binary", False, done.stderr.strip())
        return
    root = lane.temp_dir() / "root"
    image_files.unpack(archive, root)
    names = [path.name for path in root.rglob("*.so.*")]
    for library in ("liblz4.so.1", "liblzma.so.5", "libzstd.so.1", "libsystemd.so.0"):
        lane.expect(f"{library} is in the image", library in names)
    done = subprocess.run(["chroot", root, f"/usr/bin/{NAME}", "--version"], capture_output=True, text=True)
    lane.expect("it starts from nothing but the image, with systemd 257", done.returncode == 0 and "257" in done.stdout, done.stdout + done.stderr)


def main():
    home, lock = system()
    status = dev(home, *sys.argv[1:])
    if status == 0 and sys.argv[1] == "test" and shutil.which("buildah"):
        check_image(home)
    lock.close()
    sys.exit(status or bool(lane.expect.failed))


main()
