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
from simulation.checks_clock import AcrossSteps, DespiteSteps  # noqa: E402
from simulation.checks_quiet import BlindCheck, QuietCheck  # noqa: E402
from simulation.forms import journal_json, lines_of  # noqa: E402
from simulation.world import World, seeds_of  # noqa: E402


ALL = "5,4,3,2,2r,0r,0,4j,2j,4s,2s"


class Reading:
    """How a kubelet's log is read: its level, and a letter. r: with its runtime's lines; where the node's clock is set meanwhile, j: as its journal has
    them, s: without the monotonic times there."""

    def __init__(self, name):
        self.name, self.level, self.how = name, int(name[0]), name[1:]
        self.clock_is_set = self.how in ("j", "s")

    def logs(self, kubelet_lines, world):
        if self.how == "j":
            return [journal_json(lines_of(world, self.level, False)).splitlines()]
        return [kubelet_lines, world.kubelet.runtime.lines()] if self.how == "r" else [kubelet_lines]

    def check(self, world):
        if not world.kubelet.tells_of_workers and self.level >= 2:
            kind = CheckBefore122
        else:
            kind = Check if self.level >= 2 else QuietCheck if self.how == "r" and world.kubelet.runtime.names_pods else BlindCheck
        bases = {"j": (AcrossSteps, kind), "s": (DespiteSteps, kind)}.get(self.how, (kind,))
        return type("Held", bases, {})(world, self.level)


def check(seed, minors, readings, keep):
    """[what is wrong]"""
    worlds, off = {}, []
    for reading in readings:
        if (world := worlds.get(reading.clock_is_set)) is None:
            world = worlds[reading.clock_is_set] = World(seed, *minors, clock_is_set=reading.clock_is_set)
            world.run()
        logs = reading.logs(world.kubelet.lines(reading.level), world)
        for what, lines in zip(("kubelet", "runtime"), logs):
            if keep:
                keep.mkdir(parents=True, exist_ok=True)
                (keep / f"{seed}-v{reading.name}.{what}.log").write_text("\n".join(lines) + "\n")
        held = reading.check(world)
        held.all(report(*logs))
        off += [f"seed {seed}, 1.{world.minor} at -v {reading.name}: {one}" for one in held.off]
    return off


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", default="1-10", type=seeds_of)
    parser.add_argument("--minors", default="22-36")
    parser.add_argument("--levels", default=ALL, help="r: with the container runtime's lines; j, s: the clock is set, with and without a journal's monotonic times")
    parser.add_argument("--keep", type=pathlib.Path)
    arguments = parser.parse_args()
    minors = [int(minor) for minor in arguments.minors.split("-")]
    readings = [Reading(name) for name in arguments.levels.split(",")]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        off = [one for found in pool.map(lambda seed: check(seed, minors, readings, arguments.keep), arguments.seeds) for one in found]
    for one in off:
        print("FAIL  " + one)
    print(f"figure: {len(arguments.seeds)} simulated kubelets, {len(off)} wrong answers")
    return 1 if off else 0


if __name__ == "__main__":
    sys.exit(main())
