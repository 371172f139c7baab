#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes fleet.json, node.json, stuck.json and exporter-health.json from source/: what every panel must have (unit,
description, words for "nothing", links, a place) is said once, in source/parts.py.

  build.py          writes them
  build.py --check  fails when one is not what would be written
"""
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE / "source"), str(HERE.parent)]

import exporter_health  # noqa: E402
import fleet  # noqa: E402
import node  # noqa: E402
import stuck  # noqa: E402

DASHBOARDS = {"fleet": fleet, "node": node, "stuck": stuck, "exporter-health": exporter_health}


def main():
    stale = []
    for name, source in DASHBOARDS.items():
        text = json.dumps(source.DASHBOARD, indent=2, ensure_ascii=False) + "\n"
        path = HERE / f"{name}.json"
        if not path.exists() or path.read_text() != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(text)
    if stale and "--check" in sys.argv:
        sys.exit(f"not what dashboards/grafana/build.py writes: {', '.join(stale)}")


if __name__ == "__main__":
    main()
