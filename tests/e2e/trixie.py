#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""trixie.py TASK...: ./dev TASK in a Debian 13 of its own (GCC 14, systemd 257 and the newer libraries). Its build folder is
build/trixie, its compiler cache this machine's."""
import fcntl
import os
import sys

import debian
import lane

home = lane.cache() / "debian" / "trixie-build"
base = debian.base("trixie")
if not home.exists():
    scratch = home.with_suffix(".new")
    debian.copy(base, scratch)
    scratch.rename(home)
lock = open(home.with_suffix(".lock"), "w")
fcntl.flock(lock, fcntl.LOCK_EX)  # ./dev installs what it needs in there
build = lane.ROOT / "build/trixie"
ccache = lane.cache() / "ccache"
for folder in (build, ccache, home / "src"):
    folder.mkdir(parents=True, exist_ok=True)
done = debian.run(home, ["/src/dev", *sys.argv[1:]], f"--bind={lane.ROOT}:/src", f"--bind={build}:/src/build",
                  f"--bind={ccache}:/root/.cache/kubelet-lifecycle-exporter/ccache", "--chdir=/src", f"--setenv=JOBS={os.environ.get('JOBS', os.cpu_count())}",
                  "--console=pipe")
sys.exit(done.returncode)
