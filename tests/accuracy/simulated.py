#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds `report` against kubelets that never were (simulation/): every pod's end, field by field, as precisely as the record
itself says it is.

usage: simulated.py [--minors=22-36] [--seeds=FROM-TO] [--keep=FOLDER]      a seed that fails can be run again alone; odd ones restart their kubelet"""
import argparse
import concurrent.futures
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from recorded import report  # noqa: E402
from simulation.checks import Check  # noqa: E402
from simulation.checks_before_122 import CheckBefore122  # noqa: E402
from simulation.checks_quiet import BlindCheck, QuietCheck  # noqa: E402
from simulation.world import World, seeds_of  # noqa: E402


def check_for(world, level, with_runtime):
    if not world.kubelet.tells_of_workers and level >= 2:
        return CheckBefore122(world, level)
    named = with_runtime and world.kubelet.runtime.scheme == "containerd"
    return (Check if level >= 2 else QuietCheck if named else BlindCheck)(world, level)


def check(seed, minors, levels, keep):
    """[what is wrong]"""
    world = World(seed, *minors)
    world.run()
    off = []
    for level, with_runtime in levels:
        logs = [world.kubelet.lines(level)] + ([world.kubelet.runtime.lines()] if with_runtime else [])
        name = f"{level}{'r' if with_runtime else ''}"
        for what, lines in zip(("kubelet", "runtime"), logs):
            if keep:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{seed}-v{name}.{what}.log").write_text("\n".join(lines) + "\n")
        held = check_for(world, level, with_runtime)
        held.all(report(*logs))
        off += [f"seed {seed}, 1.{world.minor} at -v {name}: {one}" for one in held.off]
    return off


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default="1-10", type=seeds_of)
    parser.add_argument("--minors", default="22-36")
    parser.add_argument("--levels", default="5,4,3,2,2r,0r,0", help="r: with the container runtime's lines")
    parser.add_argument("--keep", type=pathlib.Path)
    arguments = parser.parse_args()
    minors = [int(minor) for minor in arguments.minors.split("-")]
    levels = [(int(level.rstrip("r")), level.endswith("r")) for level in arguments.levels.split(",")]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        off = [one for found in pool.map(lambda seed: check(seed, minors, levels, arguments.keep), arguments.seeds) for one in found]
    for one in off:
        print("FAIL  " + one)
    print(f"figure: {len(arguments.seeds)} simulated kubelets, {len(off)} wrong answers")
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main())
