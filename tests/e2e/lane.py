# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end lanes share: skipping loudly, processes ended by pid, a real journald, a real Prometheus."""
import atexit
import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
SKIPPED = 77  # ctest counts it as skipped


def skip(reason):
    print(f"SKIPPED: {reason}")
    sys.exit(SKIPPED)


def need(*programs):
    for program in programs:
        if not (shutil.which(program) or os.access(program, os.X_OK)):
            skip(f"{program} is not installed")


def exporter():
    path = os.environ.get("KLE_BINARY") or str(ROOT / "build/release/kubelet-lifecycle-exporter")
    if not os.access(path, os.X_OK):
        sys.exit(f"no binary at {path}: ./dev build")
    return path


def free_port():
    """Of another's program, in a lane that runs alone: until it listens there another test might. The exporter takes port 0: Serve."""
    with contextlib.closing(socket.socket()) as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


_children = []


def start(*argv, **options):
    child = subprocess.Popen([str(a) for a in argv], **options)
    _children.append(child)
    return child


def stop(child, sig=signal.SIGTERM, timeout=10):
    if child.poll() is None:
        child.send_signal(sig)
        try:
            child.wait(timeout)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
    return child.returncode


@atexit.register
def _stop_all():
    for child in _children:
        stop(child, timeout=3)


def temp_dir():
    path = tempfile.mkdtemp(prefix="kle-e2e-")
    atexit.register(shutil.rmtree, path, True)
    return pathlib.Path(path)


def get(url, timeout=5):
    """Status and text; the status of an error answer too."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def wait_for(what, condition, seconds=60):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = condition()
        if value:
            return value
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s: {what}")


class Serve:
    """The built exporter on a port that the system chose; `log` holds what it says."""

    def __init__(self, *arguments, log=None):
        self.log = log or temp_dir() / "serve.log"
        with open(self.log, "wb") as errors:
            self.child = start(exporter(), "serve", "--web.listen-address=127.0.0.1:0", *arguments, stderr=errors)
        self.port = wait_for("the exporter's port", self._port, 60)
        self.base = f"http://127.0.0.1:{self.port}"

    def said(self):
        return self.log.read_text()

    def _port(self):
        if self.child.poll() is not None:
            raise AssertionError(f"the exporter ended by itself: {self.said()[-2000:]}")
        found = re.search(r'msg="listening" address=127\.0\.0\.1:(\d+)', self.said())
        return found and int(found[1])

    def get(self, path, timeout=5):
        return get(self.base + path, timeout)

    def metrics(self):
        return self.get("/metrics")[1]

    def terminations(self, query=""):
        return json.loads(self.get("/api/v1/terminations" + query)[1])["terminations"]

    def wait_ready(self, seconds=60):
        wait_for("readiness", lambda: self.get("/-/ready")[0] == 200 or self.child.poll() is not None, seconds)
        return self

    def stop(self, timeout=10):
        return stop(self.child, timeout=timeout)


def report(*paths, form="json", flags=()):
    """What `report` prints, in UTC: a document where that is JSON, else the text."""
    done = subprocess.run([exporter(), "report", f"--format={form}", "--timezone=UTC", *flags, *paths], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if form == "json" else done.stdout


def recorded(name, log="kubelet.log.zst"):
    """Lines of a recorded kubelet, or of the runtime beside it."""
    path = ROOT / "tests/traces/recorded" / name / log
    return subprocess.run(["zstd", "-qdc", path], check=True, capture_output=True).stdout.decode().splitlines()


_HEADER = re.compile(r"^([IWEF])(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{6})( .*)$", re.S)
_UTC = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z")


def klog_time(line, year=2026):
    """The time in a klog header; None without one."""
    m = _HEADER.match(line)
    return datetime.datetime(year, *map(int, m.group(2, 3, 4, 5, 6)), int(m.group(7))) if m else None


def moved(lines, delta):
    """The same log `delta` later, whole seconds: headers and the runtime's own exit times move together."""
    utc = lambda m: (datetime.datetime.fromisoformat(m.group(1)) + delta).strftime("%Y-%m-%dT%H:%M:%S") + (m.group(2) or "") + "Z"
    out = []
    for line in lines:
        m = _HEADER.match(line)
        if m:
            line = m.group(1) + (klog_time(line) + delta).strftime("%m%d %H:%M:%S.%f") + m.group(8)
        out.append(_UTC.sub(utc, line))
    return out


def shifted(lines, year=2026):
    """The same log as if it ended now (UTC)."""
    last = [at for at in (klog_time(line, year) for line in lines) if at][-1]
    delta = datetime.datetime.utcnow() - last
    return moved(lines, delta - datetime.timedelta(microseconds=delta.microseconds))


class Journald:
    """A namespaced systemd-journald of our own, spoken to as systemd does for a service's stderr."""

    def __init__(self, namespace, config=""):
        need("/lib/systemd/systemd-journald")
        if os.geteuid() != 0:
            skip("a journald of our own needs root")
        self.namespace = f"{namespace}-{os.getpid()}"  # two runs at a time do not meet
        machine = pathlib.Path("/etc/machine-id")
        if not machine.exists() or not machine.read_text().strip():
            skip("/etc/machine-id is empty")
        namespace = self.namespace
        self.directory = pathlib.Path(f"/var/log/journal/{machine.read_text().strip()}.{namespace}")
        self.run = pathlib.Path(f"/run/systemd/journal.{namespace}")
        self.dropin = pathlib.Path(f"/run/systemd/journald@{namespace}.conf.d")
        self._clean()
        atexit.register(self._clean)
        self.dropin.mkdir(parents=True)
        (self.dropin / "t.conf").write_text("[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\nSyncIntervalSec=1s\n" + config)
        self.directory.mkdir(parents=True)
        self.start()

    def start(self):
        said = tempfile.TemporaryFile("w+")  # a pipe that nobody reads holds it up after some hundred rotations
        self.daemon = start("/lib/systemd/systemd-journald", self.namespace, stderr=said)
        wait_for("journald's stdout socket", lambda: self._answers() or self.daemon.poll() is not None, 20)
        if self.daemon.poll() is not None:  # it wants a cgroup tree, which a bare chroot has not
            said.seek(0)
            skip(f"systemd-journald does not run here: {said.read().strip()}")

    def _answers(self):
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(str(self.run / "stdout")) == 0

    def _clean(self):
        if getattr(self, "daemon", None):
            stop(self.daemon)
        for path in (self.dropin, self.run, self.directory, pathlib.Path(f"/run/log/journal") / self.directory.name):
            shutil.rmtree(path, ignore_errors=True)

    def stream(self, identifier="kubelet", unit="kubelet.service"):
        """A stdout stream of a service; as root journald takes the unit's name from the header."""
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(20)
        s.connect(str(self.run / "stdout"))
        s.recv(1)  # its end: journald has accepted; what is sent before is of no process to it, and of no unit
        s.settimeout(None)
        s.sendall(f"{identifier}\n{unit}\n6\n0\n0\n0\n0\n".encode())
        return s

    def rotate(self):
        self.daemon.send_signal(signal.SIGUSR2)  # journalctl --rotate waits, now and then for ever


def prometheus(target, home):
    """A real Prometheus that scrapes `target` each second; returns its base URL."""
    need("prometheus")
    port = free_port()
    (home / "prometheus.yml").write_text(json.dumps({
        "global": {"scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "kubelet-lifecycle", "static_configs": [{"targets": [target]}]}]}))
    start("prometheus", f"--config.file={home}/prometheus.yml", f"--storage.tsdb.path={home}/data",
          f"--web.listen-address=127.0.0.1:{port}", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    wait_for("Prometheus", lambda: get(url + "/-/ready")[0] == 200, 60)
    return url


def ask(url, query):
    """Instant query: {labels as a sorted tuple: value}."""
    status, text = get(f"{url}/api/v1/query?" + urllib.parse.urlencode({"query": query}))
    assert status == 200, text
    skip_labels = ("__name__", "instance", "job")
    return {tuple(sorted((k, v) for k, v in row["metric"].items() if k not in skip_labels)): float(row["value"][1])
            for row in json.loads(text)["data"]["result"]}


def expect(what, good, detail=""):
    print(("ok    " if good else "FAIL  ") + what + (f": {detail}" if detail and not good else ""))
    if not good:
        expect.failed += 1


expect.failed = 0


def finish():
    sys.exit(1 if expect.failed else 0)


def cache():
    """Where what is fetched once may stay; ./dev uses the same."""
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache") / "kubelet-lifecycle-exporter"


def node_modules(folder):
    """The node_modules that folder/package-lock.json pins, installed once below the cache."""
    need("node")
    lock = (folder / "package-lock.json").read_bytes()
    home = cache() / "npm" / f"{folder.name}-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not home.exists():
        need("npm")
        home.parent.mkdir(parents=True, exist_ok=True)
        scratch = pathlib.Path(tempfile.mkdtemp(prefix=folder.name + "-", dir=home.parent))
        atexit.register(shutil.rmtree, scratch, True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(folder / name, scratch)
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--legacy-peer-deps", "--no-audit", "--no-fund", f"--cache={cache()}/npm/cache",
                               "--fetch-retries=3", "--fetch-timeout=60000"], cwd=scratch, capture_output=True, text=True)
        if done.returncode != 0:
            skip(f"npm could not fetch what {folder.name}/package-lock.json pins: {' '.join(done.stderr.split())[:500]}")
        try:
            scratch.rename(home)
        except OSError:  # another run was faster
            pass
    return home / "node_modules"
