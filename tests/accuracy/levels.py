#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every termination that a recorded log shows at -v 5, it shows at 4, 3 and 2 as well: the same trigger, outcome and state.

The logs are the recordings at 5 without the lines that such a kubelet would not have printed (recorded.py), and the same as the minor
versions around it would have printed them (retold.py). With --markdown the figures as a part of docs/ACCURACY.md."""
import collections
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import retold
from recorded import TRACES, lines_of, place_levels, printed, report

# A relist is up to a second late, and below -v 4 nothing tells when a sandbox's network was gone.
NEAR = 1.3
LEVELS = (4, 3, 2)
AS_IT_WAS = "as it was"
# The minors that each recording is retold as, the recorded ones between them.
RETOLD = {"1.23.15": (19, 21, 22, 24, 25, 26), "1.28.3": (24, 25, 26, 27, 29, 30, 31), "1.32.13": (29, 30, 31, 33, 34, 35, 36)}
POD_WORKERS = 22
# What is not printed before 1.22: below -v 3 an exit's code (an exit after a kill that failed looks killed, one that another kubelet's
# kill had begun graceful); below -v 4 the end of a pod that had lost its object and shows no dead sandbox. And there an unmount does not tell
# that the sandbox is gone: of these recordings, whose unmounts did wait for it, the relist is taken that came later.
SAME_BEFORE_POD_WORKERS = 0.93


def name_of(minor):
    return f"as 1.{minor} says it"


def differences(whole, told, deep, restarted):
    if told is None:
        return ["missing"]
    off = [f"{field} {whole[field]} -> {told[field]}" for field in ("trigger", "outcome", "state") if whole[field] != told[field]]
    # What was deleted while the kubelet was down begins, below -v 4, with its first kill.
    if not (restarted and not deep):
        for field in ("termination_seconds", "deletion_seconds"):
            a, b = whole[field], told[field]
            if (a is None) != (b is None) or (a is not None and abs(a - b) > NEAR):
                off.append(f"{field} {a} -> {b}")
    if len(whole["containers"]) != len(told["containers"]) and not restarted:
        off.append(f"{len(whole['containers'])} containers -> {len(told['containers'])}")
    return off


def compare(whole, lines, deep, restarted):
    """(as in the whole log, [what is not])"""
    found = {(one["namespace"], one["pod"]): one for one in report(lines)["terminations"]}
    off = []
    for pod, one in whole.items():
        why = differences(one, found.get(pod), deep, restarted)
        if why:
            off.append(f"{'/'.join(pod)}: {'; '.join(why)}")
    made_up = [f"{'/'.join(pod)}: made up, {found[pod]['trigger']}" for pod in found.keys() - whole.keys()]
    return len(whole) - len(off), off + made_up


HEAD = """
## At lower levels, and in the words of other versions

Of every recording at `-v 5`, the lines that the same kubelet prints at a lower level (tests/accuracy/levels.py): terminations with the same trigger,
outcome, state, times and containers, to 1.3 s where a relist tells. The same as the versions around it would have printed them, by the table
of messages (tests/accuracy/retold.py): 1.23's as 1.19 to 1.26, 1.28's as 1.24 to 1.31, 1.32's as 1.29 to 1.36. 1.14 to 1.20 print alike: printf
forms, and like 1.21 no pod worker and no exit codes. What those kubelets do otherwise is not in it (simulated kubelets do it), so that
a relist stands there where these recordings' unmounts were nearer.
Of what was deleted while the kubelet was down, below `-v 4` only the kill is known, not when it was asked for.

| what | `-v 4` | `-v 3` | `-v 2` |
|---|---|---|---|"""


def markdown(totals, same):
    rows = []
    for face in totals:
        rows.append(f"| {face} | " + " | ".join(f"{same[face, level]} of {totals[face]}" for level in LEVELS) + " |")
    return "\n".join([HEAD, *rows])


def faces_of(lines, kubelet):
    """(what, minor, [(level, line)] or None for the recording itself)"""
    recorded_minor = int(kubelet.split(".")[1])
    said = retold.records(lines, kubelet)
    yield AS_IT_WAS, recorded_minor, None
    for minor in RETOLD[kubelet]:
        yield name_of(minor), minor, retold.retold(said, minor)


def main():
    failed, totals, same = [], collections.Counter(), collections.Counter()
    for log in sorted(TRACES.glob("*-text-v5*/*/kubelet.log.zst")):
        kubelet, name = log.parent.parent.name.split("-")[0], f"{log.parent.parent.name}/{log.parent.name}"
        lines, known = lines_of(log.parent), {}
        whole = {(one["namespace"], one["pod"]): one for one in report(lines)["terminations"]}
        for face, minor, told in faces_of(lines, kubelet):
            totals[face] += len(whole)
            for verbosity in LEVELS:
                some = printed(lines, place_levels(kubelet), verbosity) if told is None else [line for level, line in told if level <= verbosity]
                deep = verbosity >= 4 and minor >= POD_WORKERS
                key = (deep, "\n".join(some))  # some minors print alike
                if key not in known:
                    known[key] = compare(whole, some, deep, "restart" in name)
                good, off = known[key]
                same[face, verbosity] += good
                if minor >= POD_WORKERS and off or any("made up" in one for one in off):
                    failed += [f"{name} at -v {verbosity}, {face}: {one}" for one in off]
    faces = sorted(totals, key=lambda face: (face != AS_IT_WAS, face))
    if "--markdown" in sys.argv:
        print(markdown({face: totals[face] for face in faces}, same))
        return 1 if failed else 0
    for face in faces:
        good, all_of_them = sum(same[face, level] for level in LEVELS), totals[face] * len(LEVELS)
        print(f"figure: {face}: {good} of {all_of_them} terminations as at -v 5")
        if good < SAME_BEFORE_POD_WORKERS * all_of_them:
            failed.append(f"{face}: {good} of {all_of_them}, not {SAME_BEFORE_POD_WORKERS:.0%}")
    for line in failed:
        print("FAIL  " + line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
