# SPDX-License-Identifier: Apache-2.0
"""The retold log in klog's JSON format, as a kubelet of that minor prints it with --logging-format=json.

The recordings of 1.23 and 1.32 in JSON tell what becomes of a value (json_face.py holds the teller against them); of other minors
klog's sources."""
import datetime
import functools
import json
import re

from recorded import TRACES, unpack
from retold import NAMED_LOGGER, WORK, Bare, Teller, decoded, structured

FIRST_MINOR = 21
# Since when: KObj is an object, not a string; container states are a list; a pod worker's work goes by its name; a printf message ends
# without a newline.
OBJECT_REFS, STATE_LISTS, WORK_NAMES, NO_NEWLINE = 23, 24, 27, 29
FORMS = (22, 23, 24, 26, 27, 29, 35)  # these and those of retold.py
HEAD = re.compile(r"(.)(\d\d)(\d\d) (\d\d):(\d\d):(\d\d)\.(\d{6}) +\d+ ([^:]+)\.go:(\d+)\] ")
EPOCH = datetime.datetime(1970, 1, 1)
YEAR = 2026  # as recorded.report() has it
FIELDS = {"pleg": ("ID", "Type", "Data"), "cid-struct": ("Type", "ID"), "states": ("Name", "State", "ExitCode", "FinishedAt")}
# A time.Time; the encoder that the kubelet sets for it prints the present.
TIMES = {"podCreationTimestamp", "firstStartedPulling", "lastFinishedPulling", "observedRunningTime", "watchObservedRunningTime"}
# An error that is a list of errors, be it of one; it tells them once more.
AGGREGATE = re.compile(r'\[?(?:failed to "|PLEG is not healthy|container runtime )')
CAUSES = re.compile(r', (?=failed to "|PLEG is|container runtime )')
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
# Before 1.27 it had a map whose keys JSON cannot have.
UNPRINTABLE = {"podActions": "json: unsupported type: map[container.ContainerID]kuberuntime.containerToKillInfo"}


@functools.cache
def folders():
    """{file: its folder}, as far as a recording in JSON tells it."""
    logs = (unpack(log) for log in TRACES.glob("*-json-*/*/kubelet.log.zst"))
    return {file: folder for log in logs for folder, file in re.findall(r'"caller":"([^"/]+)/([^":]+)\.go', log)}


# --- Go's %+v of a pod's status


# Of a status the fields that may follow each other; a text ends where one begins.
NAMES = ("Phase Conditions Type Status LastProbeTime LastTransitionTime Reason Message NominatedNodeName HostIP PodIP PodIPs IP StartTime "
         "InitContainerStatuses ContainerStatuses QOSClass EphemeralContainerStatuses Name State LastTerminationState Waiting Running "
         "Terminated Ready RestartCount Image ImageID ContainerID Started StartedAt FinishedAt ExitCode Signal").split()
FIELD = re.compile(rf"[ ,]?({'|'.join(NAMES)}):")
SCALAR = re.compile(rf"(.*?)(?=[ ,](?:{'|'.join(NAMES)}):|,?}}(?:[ ,\]}}]|$))", re.S)
TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? \+0000 UTC")
RENAMED = {"LastTerminationState": "lastState", "QOSClass": "qosClass", "IP": "ip"}
ALWAYS = {"name", "state", "lastState", "ready", "restartCount", "image", "imageID", "exitCode", "status", "type", "lastProbeTime"}


def of_scalar(text):
    if text in ("nil", "true", "false"):
        return {"nil": None, "true": True, "false": False}[text]
    if time := TIME.match(text):
        return None if time[1] == "0001-01-01" else f"{time[1]}T{time[2]}Z"
    return int(text) if re.fullmatch(r"\d+", text) else True if text.startswith("0xc") else text


def of_dump(text, at=0):
    """(what json.Marshal makes of it, where it ends)"""
    if text[at] == "[":
        items, at = [], at + 1
        while text[at] != "]":
            item, at = of_dump(text, at + (text[at] == " "))
            items.append(item)
        return items, at + 1
    if opening := re.compile(r"(?:&\w+)?\{").match(text, at):
        members, at = {}, opening.end()
        while field := FIELD.match(text, at):
            name = RENAMED.get(field[1], field[1][0].lower() + field[1][1:])
            value, at = of_dump(text, field.end())
            if value or name in ALWAYS:
                members[name] = value
        at += text[at] == ","  # the last of a pointer's
        assert text[at] == "}", text[at:]
        return members, at + 1
    scalar = SCALAR.match(text, at)
    return of_scalar(scalar[1]), scalar.end()


@functools.cache
def of_bare(text):
    """What klog's text has without quotes: JSON since 1.27, %+v before."""
    try:
        return json.loads(text)
    except ValueError:
        pass
    if text.startswith("{Phase:"):
        return of_dump(text)[0]
    return decoded("list", text) if text.startswith("[") else None if text == "<nil>" else str(text)


# --- telling


@functools.cache
def place(head):
    """(ts, caller)"""
    _, month, day, hour, minute, second, micros, file, number = HEAD.match(head).groups()
    at = datetime.datetime(YEAR, int(month), int(day), int(hour), int(minute), int(second), int(micros))
    millis = (at - EPOCH) // datetime.timedelta(microseconds=1) / 1000
    return int(millis) if millis.is_integer() else millis, f"{folders().get(file, 'kubelet')}/{file}.go:{number}"


class JsonTeller(Teller):
    def ref(self, text):
        if self.minor < OBJECT_REFS:
            return text
        namespace, _, name = text.rpartition("/")
        return {"name": name, "namespace": namespace} if namespace else {"name": name}

    def states(self, value):
        if self.minor < STATE_LISTS:
            return json.loads(self.pair("states", value))
        items = [dict(zip(FIELDS["states"], one)) for one in value]
        return [one | {"ExitCode": int(one["ExitCode"])} for one in items] or None

    def json(self, kind, value):
        if kind == "ref":
            return self.ref(value)
        if kind == "refs":
            return [self.ref(one) for one in value]
        if kind in ("pleg", "cid-struct"):
            return dict(zip(FIELDS[kind], value))
        if kind == "states":
            return self.states(value)
        if kind == "worktype":
            return WORK[value] if self.minor >= WORK_NAMES else value
        if kind == "nil":
            return None
        if kind in ("int", "int_s", "float_s", "bool"):
            return json.loads(value)
        return of_bare(value) if isinstance(value, Bare) and kind not in ("uid", "phase") else value

    def line(self, head, severity, level, text, pairs):
        """Of pairs "logger" comes first, an error's "err" last."""
        ts, caller = place(head)
        members = {"ts": ts}
        if "logger" in pairs:
            members["logger"] = pairs.pop("logger")
        members |= {"caller": caller, "msg": text}
        if severity != "E":
            members["v"] = level
        elif error := pairs.pop("err", None):
            pairs["err"] = error
            if AGGREGATE.match(error):
                pairs["errCauses"] = [{"error": one} for one in CAUSES.split(error.strip("[]"))]
        pairs = {key: ts if key in TIMES else value for key, value in pairs.items()}
        return ENCODER.encode(members | pairs)

    def printf(self, text):
        return text if self.minor >= NO_NEWLINE or text.endswith("\n") else text + "\n"

    def told(self, said, row, level):
        text, pairs = self.message(said, row), {}
        if row.printf:
            text = self.printf(text)
        else:
            pairs = {key: self.json(kind, self.value(said, key, kind)) for key, kind in row.keys}
            if self.minor >= NAMED_LOGGER and row.severity == "I":
                pairs["logger"] = "kubelet"
        if self.minor < WORK_NAMES:
            pairs = {f"{key}Error" if key in UNPRINTABLE else key: UNPRINTABLE.get(key, value) for key, value in pairs.items()}
        return self.line(said.head, row.severity, 0 if row.guarded else level, text, pairs)

    def noise(self, said):
        if not said.head:
            return said.text
        severity = said.head[0]
        if found := structured(said.text):
            text, pairs, rest = found
            pairs = {key: self.ref(value) if key in ("pod", "node") else of_bare(value) if isinstance(value, Bare) else value
                     for key, value in pairs.items()}
            return self.line(said.head, severity, said.level, text, pairs) + rest
        return self.line(said.head, severity, said.level, self.printf(said.text), {})
