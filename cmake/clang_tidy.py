#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""clang-tidy on sources, those left out that had nothing to say before: their text after the preprocessor, comments (NOLINT) and all,
the checks and clang-tidy are what they were.    clang_tidy.py BUILD CACHE FILE..."""
import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
KEPT = 30 * 86400  # seconds since a source was last found unchanged


def key_of(command, rules):
    """Of one source; the same in every checkout."""
    words = [word for word in shlex.split(command["command"]) if not word.endswith("ccache")]
    del words[words.index("-o"):words.index("-o") + 2]
    text = subprocess.run([*words, "-E", "-C", "-P"], cwd=command["directory"], check=True, capture_output=True).stdout
    seen = "\n".join(words).encode() + text
    return hashlib.sha256(rules + seen.replace(str(ROOT).encode(), b".")).hexdigest()


def tidy(build, cache, rules, file, command):
    """True: nothing to say. Without a command, clang-tidy takes that of a source like it."""
    clean = cache / key_of(command, rules) if command else None
    if clean and clean.exists():
        clean.touch()
        return True
    done = subprocess.run(["clang-tidy", "-p", build, "--quiet", file], capture_output=True, text=True)
    print(done.stdout, *(line for line in done.stderr.splitlines(True) if "warnings generated" not in line), sep="", end="", flush=True)
    if clean and done.returncode == 0:
        clean.touch()
    return done.returncode == 0


def main(build, cache, *files):
    cache = pathlib.Path(cache)
    cache.mkdir(parents=True, exist_ok=True)
    for old in cache.iterdir():
        if old.stat().st_mtime < time.time() - KEPT:
            old.unlink(missing_ok=True)
    rules = (ROOT / ".clang-tidy").read_bytes() + subprocess.run(["clang-tidy", "--version"], check=True, capture_output=True).stdout
    commands = {command["file"]: command for command in json.loads(pathlib.Path(build, "compile_commands.json").read_text())}
    wanted = [str(ROOT / file) for file in files]
    with concurrent.futures.ThreadPoolExecutor(int(os.environ.get("JOBS") or os.cpu_count())) as pool:
        good = list(pool.map(lambda file: tidy(build, cache, rules, file, commands.get(file)), wanted))
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
