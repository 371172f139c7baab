# SPDX-License-Identifier: Apache-2.0
"""Recorded kubelets played back as if they ran now: each line is written when its time has come, with the stamps moved."""
import datetime
import hashlib
import heapq
import json
import re
import threading
import time

import lane

UTC = datetime.timezone.utc
_HEADER = re.compile(r"^([IWEF])(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{6})( .*)$", re.S)
_JSON_STAMP = re.compile(r'^\{"ts":(\d+\.?\d*)')
_UTC = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z")
_IDENTITY = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{64}\b")


def _seconds(line):
    text = _HEADER.match(line)
    if text:
        return datetime.datetime(2026, *map(int, text.group(2, 3, 4, 5, 6)), int(text.group(7)), tzinfo=UTC).timestamp()
    stamp = _JSON_STAMP.match(line)
    return float(stamp.group(1)) / 1000 if stamp else None


def _moved(line, delta):
    text = _HEADER.match(line)
    by = datetime.timedelta(seconds=delta)
    if text:
        at = datetime.datetime.fromtimestamp(_seconds(line), UTC) + by
        line = f"{text.group(1)}{at:%m%d %H:%M:%S.%f}{text.group(8)}"
    else:
        line = _JSON_STAMP.sub(lambda m: f'{{"ts":{float(m.group(1)) + delta * 1000:.3f}', line)
    return _UTC.sub(lambda m: (datetime.datetime.fromisoformat(m.group(1)) + by).isoformat() + (m.group(2) or "") + "Z", line)


def _renamed(line, salt):
    """Other pods and containers: UIDs and ids are hashed anew."""
    def other(match):
        digest = hashlib.sha256((salt + match.group()).encode()).hexdigest()
        return digest if len(match.group()) == 64 else f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
    return _IDENTITY.sub(other, line)


def one_behind_another(names, begin, pause=5.0, salt=""):
    """[(moment, line)] of recordings, the first at the moment `begin`; with a salt, of other pods than without."""
    out = []
    for name in names:
        lines = lane.recorded(name)
        first = next(s for s in map(_seconds, lines) if s is not None)
        delta = round(begin - first)  # whole seconds: fractions stay as they are
        at = first
        for line in lines:
            at = max(at, _seconds(line) or at)
            out.append((at + delta, _moved(_renamed(line, salt) if salt else line, delta)))
        begin = out[-1][0] + pause
    return out


class Player:
    """Writes each log as its time comes, `speed` times as fast as it happened. Between lines a kubelet's idle chatter keeps
    the exporter's clock on the log's time; at speed 1 none is needed."""

    TICK = 0.1

    def __init__(self, logs, begin, speed=1.0):
        """logs: {path: [(moment, line)]}; what is before `begin` is written at once."""
        self.begin, self.speed = begin, speed
        self.files = {path: open(path, "w", encoding="utf-8", buffering=1 << 16) for path in logs}
        self.due = list(heapq.merge(*([(at, path, line) for at, line in lines] for path, lines in logs.items()), key=lambda x: x[0]))
        self.next = 0
        self.json = {path: lines[0][1].startswith("{") for path, lines in logs.items()}
        self._stop = threading.Event()
        self._write_until(begin)
        self.thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self.started = time.monotonic()
        self.thread.start()
        return self

    def now(self):
        return self.begin + (time.monotonic() - self.started) * self.speed

    def _run(self):
        while not self._stop.wait(self.TICK):
            self._write_until(self.now())

    def _write_until(self, moment):
        quiet = set(self.files)
        while self.next < len(self.due) and self.due[self.next][0] <= moment:
            _, path, line = self.due[self.next]
            self.files[path].write(line + "\n")
            quiet.discard(path)
            self.next += 1
        for path, file in self.files.items():
            if path in quiet and self.speed > 1:
                file.write(self._chatter(path, moment) + "\n")
            file.flush()

    def _chatter(self, path, moment):
        if self.json[path]:
            return json.dumps({"ts": round(moment * 1000, 3), "caller": "kubelet/setters.go:333", "msg": "Updating node status", "v": 5}, separators=(",", ":"))
        at = datetime.datetime.fromtimestamp(moment, UTC)
        return f'I{at:%m%d %H:%M:%S.%f}    4321 setters.go:333] "Updating node status"'

    def stop(self):
        self._stop.set()
        self.thread.join()


def serve(home, name, log, *arguments):
    """The built exporter on a log that grows; its port."""
    port = lane.free_port()
    with open(home / f"{name}.serve.log", "ab") as errors:
        lane.start(lane.exporter(), "serve", "--source=file", f"--file.path={log}", "--timezone=UTC", "--start=all",
                   f"--state.path={home}/{name}.state", f"--web.listen-address=127.0.0.1:{port}", *arguments, stderr=errors)
    return port
