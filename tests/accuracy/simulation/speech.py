# SPDX-License-Identifier: Apache-2.0
"""What a simulated kubelet says, and how that is printed: each line is a row of the table of messages (tests/parser/events.tsv), which retold.py
puts into the words of a minor, at its levels. What one goroutine says keeps its order, neighbours of two may swap."""
import retold

ROWS = {}


def row(name):
    if not ROWS:
        ROWS.update({one.id: one for one in retold.table()})
    return ROWS[name]


class Speech:
    """A part of the kubelet."""

    def say(self, who, name, /, **values):
        """The stamp that the line has."""
        who = (self.epoch, who)
        chain = (self.epoch, values.get("pod") if who[1] == "sync" or who[1].startswith(("worker", "kill", "eviction", "shutdown")) else None)
        at = round(max(self.loop.now, self.last.get(who, 0.0) + self.random.uniform(5e-6, 6e-5)), 6)
        key = at + (self.random.uniform(0, 0.008) if self.random.random() < 0.1 else 0)
        key = max(key, self.keys.get(who, 0.0), self.keys.get(chain, 0.0) if chain[1] else 0.0)
        self.last[who], self.keys[who] = at, key
        if chain[1]:
            self.keys[chain] = key
        self.said.append((key, next(self.heads), at, name, values, self.pid))
        return at

    def raw(self, who, severity, text):
        """A printf line that stands as it is."""
        return self.say(who, None, severity=severity, text=text)

    def event(self, pod, kind, reason, message):
        def recorder():
            yield self.random.uniform(0.001, 0.02)
            self.say("recorder", "event.2" if self.minor >= 24 else "event.1", object=pod.ref, fieldPath="", kind="Pod", apiVersion="v1",
                     type=kind, reason=reason, message=message)
        self.go(recorder())

    def of_pod(self, pod):
        return {"pod": pod.ref, "podUID": pod.uid}

    def of_uid(self, pod):
        """What the worker's own lines say of their pod."""
        return {"podUID": pod.uid} if self.minor >= 27 else self.of_pod(pod)

    def of_container(self, pod, c):
        return {**self.of_pod(pod), "containerName": c.name, "containerID": f"{self.runtime.scheme}://{c.id}"}

    # --- what more than one of its parts says

    def sync_begins(self, pod, me):
        self.say(me, "pw.event.2", updateType=0, **self.of_pod(pod))
        self.say(me, "sync.enter.2", **self.of_pod(pod))

    def sync_ends(self, pod, me, terminal=False):
        self.say(me, "sync.exit.3", isTerminal=retold.Bare("true" if terminal else "false"), **self.of_pod(pod))

    def creating(self, pod, me, c):
        self.say(me, "ctr.creating.2", containerType="container" if c.kind == "app" else "init container", container=c.name, pod=pod.ref)

    @staticmethod
    def full_name(pod):
        return f"{pod.name}_{pod.namespace}({pod.uid})"

    @staticmethod
    def aggregate(errors):
        return errors[0] if len(errors) == 1 else "[" + ", ".join(errors) + "]"

    # --- the log

    def wall(self, t, between=" "):
        return self.loop.wall(t).isoformat(between, "microseconds")

    def last_stamp(self, verbosity):
        """Of all lines, the runtime's too."""
        own = [at for _, _, at, name, _, _ in self.said if name is None or row(name).level <= verbosity]
        return max(own + [at for at, *_ in self.runtime.said])

    def printed(self, verbosity, face=retold.Teller):
        """[(stamp, process id, line)]"""
        said = []
        for key, order, at, name, values, pid in sorted(self.said, key=lambda one: one[:2]):
            head = f"I{self.loop.wall(at):%m%d %H:%M:%S.%f} {pid:7d} kubelet.go:{100 + len(name or '')}] "
            if name is None:
                said.append(retold.Said(values["severity"] + head[1:], values["text"], 0))
            else:
                said.append(retold.Said(head, values.get(retold.VOLUMES_MESSAGE, ""), row(name).level, row(name), values))
            said[-1].origin = at, pid
        return [(*one.origin, line) for one, level, line in retold.each_retold(said, self.minor, face) if level <= verbosity]

    def lines(self, verbosity, face=retold.Teller):
        return [line for _, _, line in self.printed(verbosity, face)]
