#!/usr/bin/env python3
"""Check that includes point one way: exporter -> metrics -> parser, and that each folder uses only its own libraries.

usage: check_layering.py ROOT | --self-test
Prints one line for each include that breaks the rule. Exit status: 0 when none does, 1 otherwise.
"""
import pathlib
import re
import sys
import tempfile

# folder: (folders of ours, headers of other libraries) that its files may include; None: any.
RULES = {
    "parser": (("parser/",), ("simdjson.h",)),
    "metrics": (("parser/", "metrics/"), ("prometheus/",)),
    "exporter": (("parser/", "metrics/", "exporter/"), None),
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
STANDARD = re.compile(r"^[a-z_0-9]+$")  # <vector>: no folder, no suffix
# Standard, but I/O or threads: not in the pure folders.
IMPURE = {"atomic", "condition_variable", "filesystem", "fstream", "future", "iostream", "mutex", "shared_mutex", "thread"}
EXCEPTIONS = {("parser/time_zone.cc", "fstream")}  # the system's time-zone database, read once by name


def complaint(folder, quote, header):
    """Why `folder` may not include `header`, or None."""
    own, libraries = RULES[folder]
    if quote == '"':
        if header.startswith(own):
            return None
        return f"{folder}/ may include of this project only {', '.join(own)}"
    if STANDARD.match(header):
        if folder != "exporter" and header in IMPURE:
            return f"{folder}/ does no I/O and has no threads"
        return None
    if libraries is None or header.startswith(libraries):
        return None
    return f"{folder}/ may use of other libraries only {', '.join(libraries)}"


def check(root):
    complaints, files = [], 0
    for folder in RULES:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix not in (".cc", ".h"):
                continue
            files += 1
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                match = INCLUDE.match(line)
                why = match and complaint(folder, match[1], match[2])
                name = path.relative_to(root).as_posix()
                if why and (name, match[2]) not in EXCEPTIONS:
                    complaints.append(f"{name}:{number}: {match[2]}: {why}")
    return complaints, files


def self_test():
    """The check must let good includes through and report each bad one."""
    good = {
        "parser/a.h": "#include <vector>\n#include <simdjson.h>\n#include \"parser/b.h\"\n",
        "metrics/a.cc": "#include <prometheus/registry.h>\n#include \"parser/a.h\"\n#include \"metrics/a.h\"\n",
        "exporter/a.cc": "#include <systemd/sd-journal.h>\n#include <fstream>\n#include \"metrics/a.h\"\n",
    }
    bad = {
        "parser/x.h": '#include "metrics/a.h"\n',
        "parser/y.cc": "#include <prometheus/registry.h>\n",
        "parser/z.cc": "  #  include <fstream>\n",
        "metrics/x.cc": '#include "exporter/a.h"\n',
        "metrics/y.cc": "#include <spdlog/spdlog.h>\n",
        "metrics/z.cc": "#include <systemd/sd-journal.h>\n",
        "metrics/w.cc": "#include <nlohmann/json.hpp>\n",
        "exporter/x.cc": '#include "tests/support/lines.h"\n',
        "parser/w.h": '#include "tests/support/lines.h"\n',
    }
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        for path, text in {**good, **bad}.items():
            (root / path).parent.mkdir(exist_ok=True)
            (root / path).write_text(text, encoding="utf-8")
        complaints, files = check(root)
        blamed = {line.split(":")[0] for line in complaints}
        assert files == len(good) + len(bad), files
        assert blamed == set(bad), blamed ^ set(bad)
        assert len(complaints) == len(bad), complaints
    print(f"layering self-test: {len(bad)} bad includes reported, {len(good)} good files let through")


def main():
    if sys.argv[1:] == ["--self-test"]:
        self_test()
        return 0
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    complaints, files = check(pathlib.Path(sys.argv[1]).resolve())
    print("\n".join(complaints + [f"layering: {files} files, {len(complaints)} bad includes"]))
    return 1 if complaints or not files else 0


if __name__ == "__main__":
    sys.exit(main())
