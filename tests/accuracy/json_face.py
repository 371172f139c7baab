#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A log in klog's JSON format tells what it tells in text: the same terminations, to the microsecond.

The logs are the recordings at -v 5 as the minor versions around them would have printed them, in text (retold.py) and in JSON
(retold_json.py). What is told in JSON is held against the kubelets of 1.23 and 1.32 that were recorded in it: of every message that both
have the keys, their order and their types. With --markdown the figures as a part of docs/ACCURACY.md."""
import collections
import concurrent.futures
import json
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import levels
import retold
from recorded import TRACES, lines_of, report
from retold_json import FIRST_MINOR, FORMS, JsonTeller

LEVELS = (5, 4, 2)
RECORDED = {"1.23.15": "1.23.15-containerd-json-v5", "1.32.13": "1.32.13-containerd17-json-v4"}
# An object whose members depend on the pod.
OPAQUE = ("dump", "struct", "str")
# A remount's is at V(4), by the same words at the same place; no pod without a sandbox was recorded in JSON.
NOT_TOLD = {"mo.setup.4": {("v", 4)}}
NOT_RECORDED = {"sbx.ids.2": {("podSandboxID", "[]")}}
QUOTED = 512  # bytes of its line that a failure has
HEAD = """
## In JSON

What a log tells in text it tells in klog's JSON format, field by field (tests/accuracy/json_face.py): the recordings at `-v 5` in both faces,
as each version would have printed them; of those that print alike, the first. Terminations with every time, phase, container, volume and failure.

| what | `-v 5` | `-v 4` | `-v 2` |
|---|---|---|---|"""


def minor_of(kubelet):
    return int(kubelet.split(".")[1])


def print_alike(said, minor):
    """What is equal when two minors print a log alike, in either face."""
    rows = {one.row for one in said if one.row}
    return frozenset((row.id, retold.row_in(row, minor)) for row in rows), tuple(minor >= form for form in FORMS)


# --- text against JSON


def told_by(face, verbosity):
    """(the report's terminations, what else it counts); of the line that a failure quotes, which line it is: faces differ in its form."""
    lines = [line for level, line in face if level <= verbosity]
    whole, place = report(lines), {line[:QUOTED]: i for i, line in enumerate(lines)}
    for one in whole["terminations"]:
        for failure in one["failures"]:
            failure["message"] = place.get(failure["message"], failure["message"])
            failure.pop("message_end", None)  # the same message's
    return whole["terminations"], {"summary": whole["summary"], "events": whole["source"]["events"]}


def differences(text, told, path=""):
    if isinstance(text, dict) and isinstance(told, dict):
        return [off for key in text.keys() | told.keys() for off in differences(text.get(key), told.get(key), f"{path}.{key}")]
    if isinstance(text, list) and isinstance(told, list) and len(text) == len(told):
        return [off for i, (a, b) in enumerate(zip(text, told)) for off in differences(a, b, f"{path}[{i}]")]
    return [] if text == told else [f"{path}: {text} in text, {told} in JSON"]


def compare(log):
    """Of a recording: (kubelet, {(minor, verbosity): (alike, all)}, [what is not alike], shapes of its own minor)"""
    kubelet, name = log.parent.parent.name.split("-")[0], f"{log.parent.parent.name}/{log.parent.name}"
    said, own = retold.records(lines_of(log.parent), kubelet), minor_of(kubelet)
    known, counted, failed = set(), {}, []
    for minor in (own, *(minor for minor in levels.RETOLD[kubelet] if minor >= FIRST_MINOR)):
        if (alike := print_alike(said, minor)) in known:
            continue
        known.add(alike)
        if minor == own:
            faces = [(one.level, one.head + one.text) for one in said], retold.retold(said, minor, JsonTeller)
            shapes = shapes_of([told for one, told in zip(said, faces[1]) if one.row], retold.Reader(minor))
        else:  # nobody's lines once only
            faces = [retold.retold([one for one in said if one.row], minor, face) for face in (retold.Teller, JsonTeller)]
        for verbosity in LEVELS:
            (text, rest), (told, rest_told) = (told_by(face, verbosity) for face in faces)
            counted[minor, verbosity] = sum(a == b for a, b in zip(text, told)), len(text)
            off = differences(text, told, "terminations") + differences(rest, rest_told)
            failed += [f"{name} at -v {verbosity}, {levels.name_of(minor)}: {one}" for one in off]
    return kubelet, counted, failed, shapes


# --- the teller against the recordings


def kind_of(value):
    if isinstance(value, dict):
        return "{" + ",".join(f"{key}:{kind_of(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(sorted({kind_of(one) for one in value})) + "]"
    return {str: "string", bool: "bool", type(None): "null"}.get(type(value), "number")


def row_of(record, reader):
    pairs = {key: value if isinstance(value, str) else json.dumps(value) for key, value in record.items()}
    return reader.structured(record["msg"], pairs) or (reader.printf(record["msg"].rstrip("\n")) or [None])[0]


def shapes_of(told, reader):
    """{row: what its lines were seen to have: their keys in order, their v, each key's kind of value}"""
    shapes = collections.defaultdict(set)
    for _, line in told:
        if not line.startswith("{"):
            continue
        record = json.loads(line)
        if row := row_of(record, reader):
            kinds = dict(row.keys)
            shapes[row.id].add(("keys", *record))
            shapes[row.id] |= {(key, "object" if isinstance(value, dict) and kinds.get(key) in OPAQUE else kind_of(value))
                               for key, value in record.items()}
            shapes[row.id].add(("v", record.get("v")))
    return shapes


def calibrate(kubelet, told):
    """(how many rows were recorded and told, [what differs])"""
    lines = [(0, line) for log in sorted(TRACES.glob(f"{RECORDED[kubelet]}/*/kubelet.log.zst")) for line in lines_of(log.parent)]
    recorded = shapes_of(lines, retold.Reader(minor_of(kubelet)))
    both = recorded.keys() & told.keys()
    off = {row: (recorded[row] - told[row] - NOT_TOLD.get(row, set()), told[row] - recorded[row] - NOT_RECORDED.get(row, set())) for row in both}
    return len(both), [f"{kubelet}: {row}: recorded only {a or ''}, told only {b or ''}" for row, (a, b) in sorted(off.items()) if a or b]


def main():
    logs = sorted(TRACES.glob("*-text-v5*/*/kubelet.log.zst"), key=lambda log: -log.stat().st_size)
    same, totals, failed = collections.Counter(), collections.Counter(), []
    shapes = {kubelet: collections.defaultdict(set) for kubelet in levels.RETOLD}
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        for kubelet, counted, off, seen in pool.map(compare, logs):
            failed += off
            for face, (good, whole) in counted.items():
                same[face] += good
                totals[face] += whole
            for row, some in seen.items():
                shapes[kubelet][row] |= some
    minors = sorted({minor for minor, _ in totals})
    if "--markdown" in sys.argv:
        rows = [[f"{same[minor, level]} of {totals[minor, level]}" for level in LEVELS] for minor in minors]
        print("\n".join([HEAD, *(f"| {levels.name_of(minor)} | {' | '.join(row)} |" for minor, row in zip(minors, rows))]))
        return 1 if failed else 0
    for minor in minors:
        good, whole = (sum(count[minor, level] for level in LEVELS) for count in (same, totals))
        print(f"figure: {levels.name_of(minor)}: {good} of {whole} terminations in JSON as in text")
    for kubelet in RECORDED:
        rows, off = calibrate(kubelet, shapes[kubelet])
        failed += off
        print(f"figure: {rows - len(off)} of {rows} messages as {kubelet} printed them in JSON")
    for line in failed:
        print("FAIL  " + line[:500])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
