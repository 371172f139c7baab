# SPDX-License-Identifier: Apache-2.0
"""A recorded log as another minor version of Kubernetes would have printed it, by the table of its messages (tests/parser/events.tsv).

A line of the log belongs to a row; the other minor has that row too, or one in its place, in its own form of values and at its own
level, or says nothing. What a kubelet of that minor does otherwise is not retold."""
import collections
import csv
import dataclasses
import functools
import re

from recorded import GUARDED, HEADER, ROOT, place_levels

# Rows that take another's place, where neither id nor words tell; the first that the minor has.
REPLACED_BY = {
    "cg.orphan": ("x.orphan.cgroups",),
    "cg.orphanvol": ("x.orphan.wait",),
    "event.1": ("x.event.pod",),
    "ev.all.23": ("x.ev.failed",),
    "ev.all.24": ("x.ev.evicted",),
    "handle.kill": ("unhandled.kill",),
    "handle.sandbox": ("unhandled.sandbox",),
    "handle.both": ("unhandled.kill",),
    "kill.override.1": ("kill.start.printf.1", "kill.start.printf.3"),
    "kill.start": ("kill.override.2", "kill.start.printf.2", "kill.start.printf.4"),
    "k.version": ("old.version",),
    "kv.orphan.7": ("x.orphan.rm",),
    "pr.all.2": ("x.pr.failed",),
    "pr.all.3": ("x.pr.evicted",),
    "pw.err.1": ("x.sync.err",),
    "rec.done": ("sm.finished",),
    "sm.finished": ("rec.done",),
    "ting.orphan.nograce": ("ting.grace.2",),
    "ting.rt.enter": ("ting.enter.1",),
    "ting.rt.exit": ("ting.exit.1",),
    "unwanted": ("x.unwanted",),
    "unhandled": ("handle.kill",),
    "unhandled.kill": ("handle.kill",),
    "unhandled.sandbox": ("handle.sandbox",),
}
PAIR = re.compile(r" ([\w.-]+)=")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.S)
BLOCK = re.compile(r"<\n((?:\t[^\n]*\n)*) >")
VERB = re.compile(r"%[+#]?([vsdq])")
FOREIGN = re.compile(r"Flag --|time=\"")  # pflag's and logrus' lines
BARE = re.compile(r"[\[{&]|(?:-?\d+(?:\.\d+)?|true|false|null|<nil>)$")
WORDS = re.compile(r"[^\s\[\]\",]+")
ESCAPES = {"n": "\n", "t": "\t"}
WORK = ("sync", "terminating", "terminated")
# A pair that is a whole printf message of before 1.31.
WHOLE = {"kill-error": 'failed to "KillContainer"', "sandbox-error": 'failed to "KillPodSandbox"'}
VOLUMES_MESSAGE = " "
NAMED_LOGGER = 35  # contextual loggers


def unquoted(text):
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


# --- the table


@dataclasses.dataclass(frozen=True)
class Row:
    id: str
    message: str
    minors: frozenset
    level: int
    severity: str
    printf: bool
    keys: tuple  # (name, type); of a printf row the values of its verbs
    event: str
    guarded: bool  # behind an `if`, so that its own level is 0

    @property
    def stem(self):
        return re.sub(r"(\.printf)?(\.\w|\.\d+)?$", "", re.sub(r"^(old|x)\.", "", self.id))

    @property
    def literal(self):
        """What a volume's message begins with: receiver.GenerateMsgDetailed("literal", "...")"""
        found = re.match(r'\w+\.Generate\w+\((?:fmt\.Sprintf\()?"([^"]*)"', self.message)
        return found and found[1].replace("%v", "true")

    @functools.cached_property
    def pattern(self):
        parts = VERB.split(self.message)
        verb = {"q": r'"((?:[^"\\]|\\.)*)"', "d": r"(-?\d+)"}
        return re.compile("".join(re.escape(part) if i % 2 == 0 else verb.get(part, "(.*?)") for i, part in enumerate(parts)) + "$", re.S)


def minors_of(versions, printf):
    minors = set()
    for part in versions.split(","):
        first, _, last = part.replace("<=", "1.14-").partition("-")
        minors |= set(range(int(first[2:]), int((last or first)[2:]) + 1))
    if 19 in minors and versions != "1.19-1.20":  # nothing older was read: it is taken to print alike, but no pairs
        minors |= {20, *(range(14, 19) if printf else ())}
    return frozenset(minors)


@functools.cache
def table():
    rows = []
    with open(ROOT / "tests/parser/events.tsv", encoding="utf-8") as file:
        for one in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            if one["versions"] == "<=1.1x":
                continue
            found = re.search(r"V\((\d+)\)", one["level"])
            keys = tuple(tuple(key.split(":", 1)) for key in one["keys"].replace("cid(type://hex)", "cid").split())
            rows.append(Row(one["id"], one["message"], minors_of(one["versions"], "printf" in one["level"]), int(found[1]) if found else 0, one["level"][0],
                            "printf" in one["level"], keys, one["event"], "JSON v=0" in one["level"]))
    return rows


@functools.cache
def row_in(row, minor):
    """The row that says the same in that minor, or None."""
    if minor in row.minors:
        return row
    there = {other.id: other for other in table() if minor in other.minors}
    for other in REPLACED_BY.get(row.id, ()):
        if other in there:
            return there[other]

    def likeness(other):
        a, b = (set(re.findall(r"[a-z]{2,}", one.message.lower())) for one in (row, other))
        return len(a & b) / len(a | b)
    alike = [other for other in there.values() if other.stem == row.stem and other.event == row.event]
    return max(alike, key=likeness, default=None)


# --- reading


class Bare(str):
    """A value that stands without quotes."""


@dataclasses.dataclass
class Said:
    head: str  # up to "] "
    text: str
    level: int
    row: Row | None = None
    values: dict = dataclasses.field(default_factory=dict)


def end_of_value(text, at):
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] in "[{") - (text[i] in "]}")
        if depth == 0 and text[i] in " ]}":
            return i + (text[i] != " ")
    return len(text)


def pairs_of(text):
    """The pairs, and what is left of the text."""
    pairs, at = {}, 0
    while key := PAIR.match(text, at):
        at = key.end()
        if value := QUOTED.match(text, at) or BLOCK.match(text, at):
            at = value.end()
            pairs[key[1]] = (unquoted(value[1]) if value[0][0] == '"' else value[1].replace("\n\t", "\n")[1:-1])
        else:
            end = end_of_value(text, at)
            pairs[key[1]] = Bare(text[at:end])
            at = end
    return pairs, text[at:]


def structured(text):
    """(message, pairs, rest) of klog's structured form, or None."""
    message = QUOTED.match(text)
    if message is None or text[message.end():].strip(" ")[:1] in (":", ","):
        return None
    return unquoted(message[1]), *pairs_of(text[message.end():])


def decoded(kind, text):
    """A value without the form in which this version printed it."""
    if kind in ("refs", "list", "cgroup"):
        return [] if text == "null" else WORDS.findall(text)
    if kind == "cid-struct":
        return re.findall(r'(?:Type|ID)"?:"?(\w*)', text)
    if kind == "pleg":
        return re.findall(r'(?:ID|Type|Data)"?:"?([\w-]*)', text)
    if kind == "states":
        return re.findall(r'(?:\(|Name"?:"?)([\w-]+)[", ].*?state"?[:=]"?(\w+).*?exitcode"?[:=](\d+).*?finishedat"?[:=]"?([\w:.-]*)',
                          text, re.I)
    if kind == "worktype":
        return WORK.index(text) if text in WORK else int(text)
    return text


def fits(row, pairs):
    """Rows of one message differ by their keys, or by what these hold."""
    return all(key in pairs and (kind not in ("nil", "int_s") or (pairs[key] in ("<nil>", "null")) == (kind == "nil"))
               and pairs[key].startswith(WHOLE.get(kind, "")) for key, kind in row.keys)


class Reader:
    """Whose row a line of that minor is."""

    def __init__(self, minor):
        self.by_message, self.by_literal, self.formats = collections.defaultdict(list), {}, []
        for row in table():
            if minor not in row.minors:
                continue
            if row.literal:
                self.by_literal.setdefault((row.printf, row.literal), []).append(row)
            elif not row.printf:
                self.by_message[row.message].append(row)
            elif len(row.message.split("%")[0]) >= 6:
                self.formats.append((row.message.split("%")[0], row))
            elif row.id == "no.failed":
                self.formats.append(("Operation for ", row))

    def structured(self, message, pairs):
        rows = [row for row in self.by_message.get(message) or self.volume_rows(False, message) if fits(row, pairs)]
        return max(rows, key=lambda row: len(row.keys), default=None)

    def row_of(self, said):
        if found := structured(said.text):
            message, pairs, _ = found
            if row := self.structured(message, pairs):
                kinds = dict(row.keys)
                said.row = row
                said.values = {key: decoded(kinds.get(key, "str"), value) for key, value in pairs.items()}
                said.values[VOLUMES_MESSAGE] = message
            return
        if found := self.printf(said.text):
            said.row, said.values = found

    def printf(self, text):
        """(row, values), or None"""
        if rows := self.volume_rows(True, text):
            return rows[0], {VOLUMES_MESSAGE: text}
        for beginning, row in self.formats:
            if text.startswith(beginning) and (found := row.pattern.match(text)):
                verbs = zip(row.keys, VERB.findall(row.message), found.groups())
                return row, {key: decoded(kind, unquoted(value) if verb == "q" else value) for (key, kind), verb, value in verbs}
        return None

    def volume_rows(self, printf, text):
        literal, volume, _ = text.partition(" for volume ")
        rows = self.by_literal.get((printf, literal.replace("false", "true")), []) if volume else []
        again = "already mounted" in text
        return [row for row in rows if (row.level == 5) == again] if len(rows) > 1 else rows


def records(lines, kubelet):
    """[Said] of a recorded log; lines without a header go on the last one's text, unless they are no klog's."""
    said = []
    for line in lines:
        if FOREIGN.match(line):
            said.append(Said("", line, 0))
            continue
        if not (match := HEADER.match(line)):
            if said:
                said[-1].text += "\n" + line
            continue
        level = GUARDED.get(match[7], place_levels(kubelet)[match[5], match[6]] if match[1] == "I" else 0)
        head, _, text = line.partition("] ")
        said.append(Said(head + "] ", text, level))
    reader = Reader(int(kubelet.split(".")[1]))
    for one in said:
        reader.row_of(one)
    return said


# --- telling


class Teller:
    def __init__(self, said, minor):
        self.minor = minor
        self.uids, self.pods = {}, {}
        for one in said:
            pod, uid = one.values.get("pod"), one.values.get("podUID")
            if one.row and one.row.event == "pleg_event":
                uid = one.values["event"][0]
            if pod and uid:
                self.uids.setdefault(pod, uid)
                self.pods[uid] = pod

    def described(self, ref):
        """format.Pod"""
        namespace, _, name = ref.rpartition("/")
        return f"{name}_{namespace}({self.uid_of(ref)})"

    def uid_of(self, ref, otherwise=""):
        return getattr(ref, "uid", None) or self.uids.get(ref, otherwise)

    def missing(self, key, kind, values):
        """What the recording's own version does not say there."""
        if key == "pod":
            return self.pods.get(values.get("podUID"), "")
        if kind == "uid":
            return self.uid_of(values.get("pod"))
        return {"int": "0", "int_s": "0", "float_s": "0", "bool": "false", "dur": "0s", "worktype": 1, "nil": "", "logger": "UnhandledError",
                "refs": [], "list": [], "cgroup": [], "states": [], "updatetype": "kill"}.get(kind, "")

    def pair(self, kind, value):
        json = self.minor >= 27
        if kind in ("int", "int_s", "float_s", "bool") or isinstance(value, Bare) and BARE.match(value):
            return value
        if kind in ("uid", "phase"):
            return quoted(value) if json else value
        if kind in ("refs", "list", "cgroup"):
            if json:
                return "[" + ",".join(map(quoted, value)) + "]"
            plain = f"[{' '.join(value)}]"
            return quoted(plain) if kind == "refs" and self.minor == 26 else plain
        if kind == "nil":
            return "null" if json else "<nil>"
        if kind == "worktype":
            return quoted(WORK[value]) if json else str(value)
        if kind == "cid-struct":
            form = '{{"Type":"{}","ID":"{}"}}' if json else "{{Type:{} ID:{}}}"
            return form.format(*value)
        if kind == "pleg":
            form = '{{"ID":"{}","Type":"{}","Data":"{}"}}' if json else "&{{ID:{} Type:{} Data:{}}}"
            return form.format(*value)
        if kind == "states":
            if self.minor < 24:
                return quoted(" ".join(f"({name} state={state} exitCode={code} finishedAt={at})" for name, state, code, at in value))
            form = ('{{"Name":"{}","State":"{}","ExitCode":{},"FinishedAt":"{}"}}' if json
                    else "{{Name:{} State:{} ExitCode:{} FinishedAt:{}}}")
            return "[" + ("," if json else " ").join(form.format(*one) for one in value) + "]"
        if "\n" in value and self.minor >= 24:
            return "<\n" + "".join(f"\t{line}\n" for line in value.split("\n")) + " >"
        return quoted(value)

    def verb(self, verb, kind, value):
        if kind == "gostruct":
            return '&pleg.PodLifecycleEvent{{ID:"{}", Type:"{}", Data:"{}"}}'.format(*value)
        if kind == "cid-struct":
            scheme, hex_id = value if isinstance(value, list) else value.split("://")
            return f'{{"{scheme}" "{hex_id}"}}' if verb == "q" else f"{{{scheme} {hex_id}}}"
        if kind == "ids":
            return "[" + " ".join(quoted(one) if verb == "q" else one for one in value) + "]" if isinstance(value, list) else value
        if kind in ("legacy", "legacy-deleted"):
            value = ", ".join(map(self.described, value))
        elif kind == "cgroup":
            return f"[{' '.join(value)}]"
        elif kind == "poddesc":
            value = self.described(value)
        elif kind == "podfull":
            value = "_".join(reversed(value.split("/")))
        elif kind == "cnipod":
            value = value.replace("/", "_")
        elif kind == "retry" and self.minor <= 21:
            text, error, cause = value.partition(" Error: ")
            return text + error + quoted(cause)
        return quoted(value) if verb == "q" else value

    def object(self, values):
        namespace, _, name = values["object"].rpartition("/")
        return (f'v1.ObjectReference{{Kind:"{values["kind"]}", Namespace:"{namespace}", Name:"{name}", '
                f'UID:"{self.uid_of(values["object"], name)}", APIVersion:"v1", ResourceVersion:"1", FieldPath:""}}')

    def volume(self, row, text):
        """Since 1.35 a mounted volume goes by its unique name; GenerateMsg to Infof says all twice."""
        if self.minor >= 35 and row.message.startswith("mountedVolume"):
            text = re.sub(r'for volume "[^"]*" \(UniqueName: ("[^"]*")\)', r"for volume \1 (UniqueName: \1)", text)
        if "GenerateMsg(" in row.message:
            head, _, tail = text.partition(" for volume ")
            return f"{head} for volume {tail.split(' ', 1)[0]} %!(EXTRA string={text})"
        return text

    def message(self, said, row):
        if row.literal:
            return self.volume(row, said.values[VOLUMES_MESSAGE])
        if not row.printf:
            return row.message
        if said.row.message == "Unhandled Error":
            return said.values["err"]
        keys, args = iter(row.keys), []
        for verb in VERB.findall(row.message):
            key, kind = next(keys, ("", "str"))
            args.append(self.verb(verb, kind, self.value(said, key, kind)))
        return "".join(part + arg for part, arg in zip(VERB.split(row.message)[::2], args + [""]))

    def value(self, said, key, kind):
        if kind in ("objectref", "noderef"):
            return self.object(said.values)
        if kind in WHOLE and said.row.printf:
            return said.text
        return said.values[key] if key in said.values else self.missing(key, kind, said.values)

    def told(self, said, row, level):
        text = self.message(said, row)
        if not row.printf:
            pairs = [f" {key}={self.pair(kind, self.value(said, key, kind))}" for key, kind in row.keys]
            if self.minor >= NAMED_LOGGER and row.severity == "I":
                pairs.append(' logger="kubelet"')
            text = quoted(text) + "".join(pairs)
        return re.sub(r"^.", row.severity if row.severity in "IWE" else "I", said.head) + text

    def noise(self, said):
        """Nobody's row: its words changed in 1.21."""
        return said.head + said.text if self.minor >= 21 or not said.text.startswith('"') else None


def each_retold(said, minor, face=Teller):
    """(record, level, line) of those that `minor` prints."""
    teller = face(said, minor)
    for one in said:
        if one.row is None:
            if line := teller.noise(one):
                yield one, one.level, line
        elif row := row_in(one.row, minor):
            level = one.level if row is one.row else row.level
            yield one, level, teller.told(one, row, level)


def retold(said, minor, face=Teller):
    """[(level, line)] of the records of a log, in the words of `minor`."""
    return [(level, line) for _, level, line in each_retold(said, minor, face)]
