# SPDX-License-Identifier: Apache-2.0
"""A log of Kubernetes 1.23 as 1.19 would have printed it: the printf forms of the same log calls (tests/parser/events.tsv), and
without the pod worker's marks, exit codes and names of containers, which came later. Not what a 1.19 kubelet does otherwise."""
import re

LINE = re.compile(r"^([IWEF]\d{4} \d\d:\d\d:\d\d\.\d{6} +\d+ [\w./]+:\d+\] )(.*)$", re.S)
MESSAGE = re.compile(r'^"((?:[^"\\]|\\.)*)"(.*)$', re.S)
KEY = re.compile(r" ([\w.-]+)=")
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
EVENT = re.compile(r"&\{ID:(\S+) Type:(\w+) Data:(\w*)\}")
UID = re.compile(r'pod="([^"]+)" (?:podUID=|event=&\{ID:)([0-9a-f-]{32,36})')
# Built messages that stand as they are; 1.19 did not quote them.
AS_THEY_ARE = ("operationExecutor.", "UnmountDevice ", "Volume detached", "MountVolume.SetUp succeeded", "Removing volume from desired state",
               "GenericPLEG: Relisting")


def unquoted(text):
    return text.replace('\\"', '"').replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def end_of_list(text, at):
    depth = 0
    for i in range(at, len(text)):
        depth += (text[i] in "[{") - (text[i] in "]}")
        if depth == 0 and text[i] in "]}":
            return i + 1
    return len(text)


def keys_of(text):
    keys, at = {}, 0
    while key := KEY.match(text, at):
        at = key.end()
        if value := QUOTED.match(text, at):
            keys.setdefault(key[1], unquoted(value[1]))
            at = value.end()
        else:
            end = end_of_list(text, at) if text[at:at + 1] in ("[", "{", "&") else (text.find(" ", at) + 1 or len(text) + 1) - 1
            keys.setdefault(key[1], text[at:end])
            at = end
    return keys


def typed(container):
    """%q of a ContainerID that is no pointer: {"docker" "HEX"}"""
    found = re.fullmatch(r"(\w+)://(\w+)", container) or re.fullmatch(r"\{Type:(\w+) ID:(\w+)\}", container)
    return f'{{"{found[1]}" "{found[2]}"}}' if found else quoted(container)


class Teller:
    def __init__(self, uids):
        self.uids = uids

    def pod(self, ref):
        namespace, _, name = ref.partition("/")
        return f"{name}_{namespace}({self.uids.get(ref, '')})"

    def full_name(self, ref):
        namespace, _, name = ref.partition("/")
        return quoted(f"{name}_{namespace}")

    def event(self, k):
        uid, kind, data = EVENT.match(k["event"]).groups()
        return f'SyncLoop (PLEG): {quoted(self.pod(k["pod"]))}, event: &pleg.PodLifecycleEvent{{ID:"{uid}", Type:"{kind}", Data:"{data}"}}'

    def sync_loop(self, message, k):
        pods = ", ".join(self.pod(ref) for ref in k["pods"].strip("[]").split())
        return f"SyncLoop ({message.split()[1]}, {quoted(k['source'])}): {quoted(pods)}"

    def recorded(self, k):
        namespace, _, name = k["object"].partition("/")
        return (f'Event(v1.ObjectReference{{Kind:"{k["kind"]}", Namespace:"{namespace}", Name:"{name}", UID:"{self.uids.get(k["object"], "")}", '
                f'APIVersion:"v1", ResourceVersion:"1", FieldPath:""}}): type: \'{k["type"]}\' reason: \'{k["reason"]}\' {k["message"]}')

    FORMS = {
        "SyncLoop (PLEG): event for pod": event,
        "Event occurred": recorded,
        "Killing container with a grace period":
            lambda self, k: f'Killing container {quoted(k["containerID"])} with a {k["gracePeriod"]} second grace period',
        "Killing container with a grace period override":
            lambda self, k: f'Killing container {typed(k["containerID"])}, but using a {k["gracePeriod"]} second grace period override',
        "Container exited normally": lambda self, k: f'Container {quoted(k["containerID"])} exited normally',
        "Container termination failed with gracePeriod":
            lambda self, k: f'Container {quoted(k["containerID"])} termination failed with gracePeriod {k["gracePeriod"]}: {k["err"]}',
        "Running preStop hook": lambda self, k: f'Running preStop hook for container {quoted(k["containerID"])}',
        "PreStop hook completed": lambda self, k: f'preStop hook for container {typed(k["containerID"])} completed',
        "PreStop hook not completed in grace period":
            lambda self, k: f'preStop hook for container {typed(k["containerID"])} did not complete in {k["gracePeriod"]} seconds',
        "PreStop hook failed": lambda self, k: f'preStop hook for container {quoted(k["containerName"])} failed: {k["err"]}',
        "GenericPLEG": lambda self, k: f'GenericPLEG: {k["podUID"]}/{k["containerID"]}: {k["oldState"]} -> {k["newState"]}',
        "No sandbox for pod can be found. Need to start a new one":
            lambda self, k: f'No sandbox for pod {quoted(self.pod(k["pod"]))} can be found. Need to start a new one',
        "Creating PodSandbox for pod": lambda self, k: f'Creating PodSandbox for pod {quoted(self.pod(k["pod"]))}',
        "Created PodSandbox for pod": lambda self, k: f'Created PodSandbox {quoted(k["podSandboxID"])} for pod {quoted(self.pod(k["pod"]))}',
        "Calling network plugin to tear down the pod": lambda self, k: f'Calling network plugin cni to tear down pod {self.full_name(k["pod"])}',
        "Pod fully terminated and removed from etcd": lambda self, k: f'Pod {quoted(self.pod(k["pod"]))} fully terminated and removed from etcd',
        "Failed to stop sandbox": lambda self, k: f'Failed to stop sandbox {typed(k["podSandboxID"])}' + (f': {k["err"]}' if "err" in k else ""),
        "StopPodSandbox from runtime service failed":
            lambda self, k: f'StopPodSandbox {quoted(k["podSandboxID"])} from runtime service failed: {k["err"]}',
        "StopContainer from runtime service failed":
            lambda self, k: f'StopContainer {quoted(k["containerID"])} from runtime service failed: {k["err"]}',
        "Error syncing pod, skipping": lambda self, k: f'Error syncing pod {k["podUID"]} ({quoted(self.pod(k["pod"]))}), skipping: {k["err"]}',
        "Predicate failed on Pod": lambda self, k: f'Predicate failed on Pod: {self.pod(k["pod"])}, for reason: {k["err"]}',
        "Kubelet version": lambda self, k: "Version: v1.19.16",
    }

    def text(self, message, keys):
        if message.startswith("SyncLoop ") and "pods" in keys and "source" in keys:
            return self.sync_loop(message, keys)
        if message in self.FORMS:
            return self.FORMS[message](self, keys)
        return message if message.startswith(AS_THEY_ARE) else None


def retold(lines, whole):
    """`lines` of the log whose lines are all of `whole`, which tells the pods' UIDs."""
    teller, out = Teller(dict(found.groups() for found in map(UID.search, whole) if found)), []
    for line in lines:
        if not (match := LINE.match(line)) or not match[2].startswith('"'):
            out.append(line)
        elif message := MESSAGE.match(match[2]):
            text = teller.text(unquoted(message[1]), keys_of(message[2]))
            if text is not None:
                out.append(match[1] + text)
    return out
