#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What docs/TROUBLESHOOTING.md says that the exporter says, it says: every case is run, and each row of the page is a case."""
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from certificates import Authority  # noqa: E402

BINARY = os.environ.get("KLE_BINARY") or str(ROOT / "build/release/kubelet-lifecycle-exporter")
PAGE = (ROOT / "docs/TROUBLESHOOTING.md").read_text()
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
NO_STATE, ANY_PORT = "--state.path=none", "--web.listen-address=127.0.0.1:0"
SECONDS = 60

os.umask(0o022)  # some is read as nobody
scratch = tempfile.TemporaryDirectory(prefix="kle-troubles-")
home = pathlib.Path(scratch.name)
home.chmod(0o755)
journal, log = home / "journal", home / "kubelet.log"
(journal / ("a" * 32)).mkdir(parents=True)
secret = journal / ("a" * 32) / "system.journal"
secret.touch(0o600)
log.write_text('I1124 10:00:00.000000    4321 kubelet.go:2443] "Starting kubelet main sync loop"\n')
log.chmod(0o644)
hidden = home / "hidden.log"
hidden.touch(0o600)
(home / "empty").mkdir()
(home / "bad.yml").write_text("sorce: file\n")
(home / "damaged").write_text("no state")
busy = socket.create_server(("127.0.0.1", 0))
FILE = ["--source=file", f"--file.path={log}"]
authority = Authority(home)
good, other, expired = authority.issue("good"), authority.issue("other"), authority.issue("expired", days=-1)
good[0].chmod(0o644)  # and the key is its owner's alone
(home / "mixed.yml").write_text("source: file\nbasic_auth_users: {}\n")


def web(name, certificate, key, cert_file="cert_file"):
    """The flag that names a web configuration of these."""
    (home / f"{name}.web.yml").write_text(f"tls_server_config:\n  {cert_file}: {certificate}\n  key_file: {key}\n")
    return f"--web.config.file={home}/{name}.web.yml"


WRITER = pathlib.Path("/lib/systemd/systemd-journal-remote")
ENTRY = f"__REALTIME_TIMESTAMP=1795400000000000\n__MONOTONIC_TIMESTAMP=1\n_BOOT_ID={'1' * 32}\n"
if WRITER.exists():
    entries = (ENTRY + "_SYSTEMD_UNIT=kubelet.service\nMESSAGE=" + log.read_text() + "\n" +
               ENTRY + "_TRANSPORT=driver\nMESSAGE_ID=a596d6fe7bfa4994828e72309e95d61e\nN_DROPPED=1625\n"
               "MESSAGE=Suppressed 1625 messages from kubelet.service\n\n")
    subprocess.run([WRITER, "-o", home / "saved.journal", "-"], input=entries, text=True, check=True, capture_output=True)

# (as nobody, arguments, exit status or None where it goes on, the parts of what it says)
CASES = [
    (True, [NO_STATE, ANY_PORT, f"--journal.directory={journal}"], None, ["journal files unreadable: permission"]),
    (False, [NO_STATE, ANY_PORT, f"--journal.directory={home}/missing"], 1, ["cannot read journal folder", "is the host's journal mounted there"]),
    (False, [NO_STATE, ANY_PORT, f"--journal.directory={home}/empty"], None, ["no kubelet line seen yet"]),
    (False, [NO_STATE, ANY_PORT, "--source=file", f"--file.path={home}/missing.log"], 1, ["cannot follow", "No such file or directory"]),
    (True, [NO_STATE, ANY_PORT, "--source=file", f"--file.path={hidden}"], 1, ["cannot follow", "Permission denied"]),
    (False, [NO_STATE, *FILE, f"--web.listen-address=127.0.0.1:{busy.getsockname()[1]}"], 1, ["cannot listen on", "Address already in use"]),
    (False, ["check-config", f"{home}/bad.yml"], 2, ["unknown key sorce, did you mean source?"]),
    (False, ["serve", "--sorce=file"], 2, ["unknown flag --sorce, did you mean --source?"]),
    (False, [NO_STATE, *FILE, ANY_PORT, web("no-certificate", log, good[1])], 2, ["cert_file", "is no PEM certificate"]),
    (False, [NO_STATE, *FILE, ANY_PORT, web("mismatch", good[0], other[1])], 2, ["key_file", "does not belong to the certificate"]),
    (True, [NO_STATE, *FILE, ANY_PORT, web("hidden-key", *good)], 2, ["key_file", "cannot read", "let this user read it"]),
    (False, [NO_STATE, *FILE, ANY_PORT, web("expired", *expired)], None, ["the certificate has expired"]),
    (False, [NO_STATE, *FILE, ANY_PORT, web("typing-error", *good, "cert_fil")], 2, ["unknown key tls_server_config.cert_fil, did you mean cert_file?"]),
    (False, ["check-config", f"{home}/mixed.yml"], 2, ["unknown key basic_auth_users: it belongs into the file that web.config.file names"]),
    (True, [*FILE, ANY_PORT, f"--state.path={home}/empty/state"], None, ["let user", "write the folder"]),
    (False, [*FILE, ANY_PORT, f"--state.path={home}/damaged"], None, ["the state file is not used as it is"]),
    (False, ["report", f"{home}/saved.journal"], 0, ["note: lines are missing"]),
]
failed = 0


def fail(text):
    global failed
    failed += 1
    print("FAIL  " + text)


def run(as_nobody, arguments, ends, wanted):
    """Its exit status, None when it went on, and what it said."""
    with open(home / "said", "w+b") as said:
        child = subprocess.Popen([*(NOBODY if as_nobody else []), BINARY, *arguments], stdout=said, stderr=said)
        for _ in range(SECONDS * 20):
            if child.poll() is not None or (not ends and all(part in (home / "said").read_text() for part in wanted)):
                break
            time.sleep(0.05)
        status = child.poll()
        if status is None:
            child.kill()
            child.wait()
        return status, (home / "said").read_text()


def check(as_nobody, arguments, status, wanted):
    got, text = run(as_nobody, arguments, status is not None, wanted)
    if got != status or not all(part in text for part in wanted):
        fail(f"{arguments}: {wanted} with {status}, not {got}: {text}")


def rows():
    table = PAGE.split("## What it says")[1].split("## ")[0]
    return [re.findall(r"`([^`]+)`", line.split("|")[1]) for line in table.splitlines() if line.startswith("| `")]


for as_nobody, arguments, status, wanted in CASES:
    if as_nobody and os.geteuid() != 0:
        print(f"not run, needs root: {wanted}")
    elif "report" in arguments and not WRITER.exists():
        print(f"not run, needs {WRITER}: {wanted}")
    else:
        check(as_nobody, arguments, status, wanted)
# Held by command_line_test.cc, which has two exporters at a time.
untested = [row for row in rows() if row not in [case[3] for case in CASES] and row != ["another exporter uses the state file"]]
for row in untested:
    fail(f"docs/TROUBLESHOOTING.md has a row that no case runs: {row}")
for case in CASES:
    if case[3] not in rows():
        fail(f"docs/TROUBLESHOOTING.md has no row for {case[3]}")
file_version = re.search(r"kVersion = (\d+)", (ROOT / "exporter/state_file.cc").read_text())[1]
layout = re.search(r"kStateLayout = (\d+)", (ROOT / "metrics/pod.h").read_text())[1]
if not re.search(rf"^\| [\d.]+ \| {file_version} \| {layout} \|\n\n", (ROOT / "docs/UPGRADE.md").read_text(), re.M):
    fail(f"docs/UPGRADE.md: the last row of versions is not file {file_version}, layout {layout}")
print(f"{len(CASES)} cases, {failed} failed")
sys.exit(1 if failed else 0)
