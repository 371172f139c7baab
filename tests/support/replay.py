# SPDX-License-Identifier: Apache-2.0
"""Recorded kubelets played back as if they ran now: each line is written when its time has come, with the stamps moved."""
import datetime
import functools
import hashlib
import heapq
import json
import re
import threading
import time

import lane

UTC = datetime.timezone.utc
_HEADER = re.compile(r"[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} ")
_JSON_STAMP = re.compile(r'^\{"ts":(\d+\.?\d*)')
_UTC = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?Z")
_IDENTITY = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{64}\b")


@functools.lru_cache(1024)
def _day_and_second(text):
    """Of "1123 23:08:44"."""
    return datetime.datetime.strptime(f"2026{text}", "%Y%m%d %H:%M:%S").replace(tzinfo=UTC).timestamp()


@functools.lru_cache(1024)
def _stamp(second):
    return datetime.datetime.fromtimestamp(second, UTC).strftime("%m%d %H:%M:%S")


def _seconds(line):
    if _HEADER.match(line):
        return _day_and_second(line[1:14]) + int(line[15:21]) / 1e6
    stamp = _JSON_STAMP.match(line)
    return float(stamp.group(1)) / 1000 if stamp else None


def _moved(line, delta):
    """delta: whole seconds, so that fractions stay as they are."""
    if _HEADER.match(line):
        line = line[0] + _stamp(int(_day_and_second(line[1:14])) + delta) + line[14:]
    else:
        line = _JSON_STAMP.sub(lambda m: f'{{"ts":{float(m.group(1)) + delta * 1000:.3f}', line)
    if "Z" not in line:
        return line
    by = datetime.timedelta(seconds=delta)
    return _UTC.sub(lambda m: (datetime.datetime.fromisoformat(m.group(1)) + by).isoformat() + (m.group(2) or "") + "Z", line)


def renamed(line, salt):
    """Other pods and containers: UIDs and ids are hashed anew."""
    def other(match):
        digest = hashlib.sha256((salt + match.group()).encode()).hexdigest()
        return digest if len(match.group()) == 64 else f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}-{digest[20:32]}"
    return _IDENTITY.sub(other, line)


@functools.lru_cache(None)
def _recorded(name):
    """[(moment, line)] as it was."""
    out, at = [], None
    for line in lane.recorded(name):
        seconds = _seconds(line)
        at = seconds if at is None else max(at, seconds or at)
        out.append((at, line))
    first = next(at for at, _ in out if at is not None)
    return [(first if at is None else at, line) for at, line in out]


def one_behind_another(names, begin, pause=5.0, salt=""):
    """[(moment, text())] of recordings, the first at the moment `begin`. A recording that comes again, and each with a salt,
    is of other pods. The text is made when it is asked for: most of a long log may never be."""
    out = []
    for number, name in enumerate(names):
        lines = _recorded(name)
        again = f"{salt}{number}" if salt or name in names[:number] else ""
        delta = round(begin - lines[0][0])
        out += [(at + delta, functools.partial(_text, line, delta, again)) for at, line in lines]
        begin = out[-1][0] + pause
    return out


def _text(line, delta, again):
    return _moved(renamed(line, again) if again else line, delta)


class Player:
    """Writes each log as its time comes, `speed` times as fast as it happened. Between lines a kubelet's idle chatter keeps
    the exporter's clock on the log's time; at speed 1 none is needed."""

    TICK = 0.1

    def __init__(self, logs, begin, speed=1.0):
        """logs: {path: [(moment, text())]}; what is before `begin` is written at once."""
        self.begin, self.speed = begin, speed
        self.files = {path: open(path, "w", encoding="utf-8", buffering=1 << 16) for path in logs}
        self.due = list(heapq.merge(*([(at, path, text) for at, text in lines] for path, lines in logs.items()), key=lambda x: x[0]))
        self.next = 0
        self.json = {path: lines[0][1]().startswith("{") for path, lines in logs.items()}
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
            _, path, text = self.due[self.next]
            self.files[path].write(text() + "\n")
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
    return lane.Serve("--source=file", f"--file.path={log}", "--timezone=UTC", "--start=all", f"--state.path={home}/{name}.state",
                      *arguments, log=home / f"{name}.serve.log").port
