#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every termination that a recorded log shows at -v 5, it shows at 4, 3 and 2 as well: the same trigger, outcome and state.

The logs are the recordings at 5 without the lines that such a kubelet would not have printed (recorded.py), and the same as
Kubernetes 1.19 would have printed them (older.py). With --markdown the figures as a part of docs/ACCURACY.md."""
import collections
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import older
from recorded import TRACES, lines_of, place_levels, printed, report

# A relist is up to a second late, and below -v 4 nothing tells when a sandbox's network was gone.
NEAR = 1.3
LEVELS = (4, 3, 2)
# Not one log may show less than this share of what the whole one shows. What 1.19 does not print: an exit's code (an exit after
# a kill that failed looks killed); of a static pod below -v 4, any end.
SAME = {"as it was": 1.0, "as 1.19 says it": 0.9}


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
## At lower levels, and in the words of 1.19

Of every recording at `-v 5`, the lines that the same kubelet prints at a lower level (tests/accuracy/levels.py): terminations with the same trigger,
outcome, state and times, to 1.3 s where a relist tells. 1.23's also as 1.19 would have printed them: printf forms, no pod worker, no exit codes.
Of what was deleted while the kubelet was down, below `-v 4` only the kill is known, not when it was asked for.

| what | `-v 4` | `-v 3` | `-v 2` |
|---|---|---|---|"""


def markdown(totals, by_level):
    rows = []
    for face in SAME:
        each = totals[face, "terminations"] // len(LEVELS)
        rows.append(f"| {face} | " + " | ".join(f"{by_level[face, level]} of {each}" for level in LEVELS) + " |")
    return "\n".join([HEAD, *rows])


def main():
    failed, totals, by_level = [], collections.Counter(), collections.Counter()
    for log in sorted(TRACES.glob("*-text-v5*/*/kubelet.log.zst")):
        kubelet, name = log.parent.parent.name.split("-")[0], f"{log.parent.parent.name}/{log.parent.name}"
        lines = lines_of(log.parent)
        whole = {(one["namespace"], one["pod"]): one for one in report(lines)["terminations"]}
        for verbosity in LEVELS:
            some = printed(lines, place_levels(kubelet), verbosity)
            faces = {"as it was": some}
            if kubelet == "1.23.15":
                faces["as 1.19 says it"] = older.retold(some, lines)
            for face, said in faces.items():
                deep = verbosity >= 4 and face == "as it was"
                good, off = compare(whole, said, deep, "restart" in name)
                totals[face, "terminations"] += len(whole)
                totals[face, "same"] += good
                by_level[face, verbosity] += good
                if face == "as it was" and off or any("made up" in one for one in off):
                    failed += [f"{name} at -v {verbosity}, {face}: {one}" for one in off]
    if "--markdown" in sys.argv:
        print(markdown(totals, by_level))
        return 1 if failed else 0
    for face, share in SAME.items():
        same, all_of_them = totals[face, "same"], totals[face, "terminations"]
        print(f"figure: {face}: {same} of {all_of_them} terminations as at -v 5")
        if same < share * all_of_them:
            failed.append(f"{face}: {same} of {all_of_them}, not {share:.0%}")
    for line in failed:
        print("FAIL  " + line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
