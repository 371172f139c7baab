# SPDX-License-Identifier: Apache-2.0
"""Base systems of Debian's releases, made by debootstrap from this machine's own mirror and kept below the cache, and
systemd-nspawn to run something in one."""
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import lane

NSPAWN = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit"]


def mirror():
    """The address that this machine's apt has Debian from."""
    done = subprocess.run(["apt-get", "indextargets", "--format=$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(REPO_URI)", "Created-By: Packages"],
                          capture_output=True, text=True)
    found = [row.split("|")[3] for row in done.stdout.splitlines() if row.startswith("Debian|Debian|main|")]
    if not found:
        lane.skip("this machine's apt knows no mirror of Debian")
    return found[0]


def base(suite, packages=()):
    """A folder with the minimal system of `suite`, those packages in it too: not to be written to."""
    lane.need("debootstrap", "systemd-nspawn", "apt-get")
    if os.geteuid() != 0:
        lane.skip("a base system is made as root")
    name = "-".join([suite, *packages])
    home = lane.cache() / "debian" / name
    if not home.exists():
        begun = time.monotonic()
        home.parent.mkdir(parents=True, exist_ok=True)
        scratch = pathlib.Path(tempfile.mkdtemp(prefix=name + ".", dir=home.parent))
        try:
            # What it mounts goes with its namespace, even if it is ended.
            command = ["unshare", "--mount", "debootstrap", "--variant=minbase", *([f"--include={','.join(packages)}"] if packages else []), suite, scratch, mirror()]
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode != 0:
                lane.skip(f"debootstrap could not make {suite}: {' '.join(done.stdout.split())[-500:]}")
            configure(scratch)
            scratch.chmod(0o755)
            scratch.rename(home)
        except OSError:
            if not home.exists():  # else another run was faster
                raise
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        print(f"figure: debootstrap_{suite}_seconds = {time.monotonic() - begun:.0f}")
    return home


def arm64():
    """The folder with Debian's packages for arm64 that ./dev build arm64 uses."""
    return lane.cache() / "debian" / "arm64"


def configure(root):
    """apt in there reaches the mirror by the same way as out here."""
    done = subprocess.run(["apt-config", "dump"], capture_output=True, text=True)
    proxies = [row for row in done.stdout.splitlines() if re.match(r"Acquire::\w+::Proxy", row)]
    (root / "etc/apt/apt.conf.d/90host").write_text("\n".join([*proxies, 'APT::Sandbox::User "root";', ""]))
    shutil.rmtree(root / "var/cache/apt/archives", ignore_errors=True)


def copy(source, into):
    subprocess.run(["cp", "-a", "--reflink=auto", source, into], check=True)


def run(root, command, *options, **more):
    """A command in there; the network is this machine's."""
    return subprocess.run([*NSPAWN, f"--directory={root}", "--resolv-conf=copy-host", *options, "--", *command], **more)
