#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds `report` against the recorded kubelets' truth, folder by folder.

usage: accuracy.py [--markdown] [CORPUS]      the binary: $KLE_BINARY; CORPUS: default tests/traces/recorded

Exit status 0 when every check holds but the known ones, 1 otherwise. --markdown prints docs/ACCURACY.md.
"""
import collections
import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import score  # noqa: E402

# Checks that do not hold, each with its reason. (folder, start of the pod's label, what)
KNOWN = {}


def read(path):
    if path.exists():
        return json.loads(path.read_text())
    return json.loads(subprocess.run(["zstd", "-qdc", f"{path}.zst"], check=True, capture_output=True).stdout)


def measure(binary, folder):
    out = subprocess.run([binary, "report", "--format=json", "--timezone=UTC", "--year=2026", folder / "kubelet.log.zst"],
                         capture_output=True)
    if out.returncode != 0:
        raise SystemExit(f"{folder}: report ended with {out.returncode}: {out.stderr.decode()[-500:]}")
    meta = read(folder / "meta.json")
    rows, errors = score.score(json.loads(out.stdout), read(folder / "truth.json"), meta)
    return meta, rows, errors


def main(argv):
    markdown = "--markdown" in argv
    names = [a for a in argv[1:] if not a.startswith("--")]
    corpus = pathlib.Path(names[0]) if names else HERE.parent / "traces/recorded"
    binary = os.environ.get("KLE_BINARY") or str(HERE.parents[1] / "build/release/kubelet-lifecycle-exporter")
    table = collections.defaultdict(lambda: [0, 0, []])
    failed, seen, level_zero = [], set(), []
    for log in sorted(corpus.glob("*/*/kubelet.log.zst")):
        folder = log.parent
        name = f"{folder.parent.name}/{folder.name}"
        meta, rows, errors = measure(binary, folder)
        if int(meta.get("verbosity", 0)) == 0:
            level_zero.append(name)
            continue  # nothing tells when a deletion began: held by the unit tests only
        key = (str(meta["kubelet_version"]), str(meta["runtime"]), str(meta.get("log_format", "text")), int(meta["verbosity"]))
        table[key][0] += sum(r[0] for r in rows)
        table[key][1] += len(rows)
        table[key][2] += errors
        for good, pod, what, detail in rows:
            if good:
                continue
            known = [k for k in KNOWN if k[0] == name and pod.startswith(k[1]) and what == k[2]]
            seen.update(known)
            if not known:
                failed.append(f"{name} {pod}: {what}: {detail[:200]}")
    passed, checks = sum(v[0] for v in table.values()), sum(v[1] for v in table.values())
    if markdown:
        print("# Accuracy\n\nHow right the numbers are, for whoever doubts one. Made by `./dev accuracy`: `report --format=json` on recorded kubelets, held against what the API server and the\n"
              "container runtime saw (tests/accuracy/score.py has each check and its tolerance). The exit error is the distance of\n"
              "each container's `exited_at` from the runtime's own event; docker's event is itself 30 to 120 ms late. At `-v 2` an exit\n"
              "is known to a PLEG relist only.\n")
        print("| kubelet | runtime | format | -v | checks passed | exit error median | worst | exits |\n|---|---|---|---|---|---|---|---|")
    for key in sorted(table):
        good, count, errors = table[key]
        errors.sort()
        middle = f"{errors[len(errors) // 2] * 1000:.0f} ms" if errors else "-"
        worst = f"{errors[-1] * 1000:.0f} ms" if errors else "-"
        row = f"{key[0]} | {key[1]} | {key[2]} | {key[3]} | {good} of {count} | {middle} | {worst} | {len(errors)}"
        print(f"| {row} |" if markdown else row)
    print(f"\n{passed} of {checks} checks hold ({100.0 * passed / max(1, checks):.2f} %).")
    if markdown and KNOWN:
        print("\nChecks that do not hold:\n")
        for key, why in KNOWN.items():
            print(f"* {key[0]}, {key[1]}, `{key[2]}`: {why}.")
    for line in failed:
        print("FAIL " + line, file=sys.stderr)
    for key in set(KNOWN) - seen:
        if names == []:
            print(f"FAIL known check holds now, take it off the list: {key}", file=sys.stderr)
            failed.append(str(key))
    return 1 if failed or checks == 0 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
