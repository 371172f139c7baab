#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Completions tried in a real bash and a real zsh, the manual page by mandoc; each names every flag that --help names."""
import os
import pathlib
import pty
import re
import select
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
import lane

BINARY = lane.exporter()
NAME = "kubelet-lifecycle-exporter"


def run(*argv):
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout


def flags_of(command):
    return sorted(set(re.findall(r"(?<![\w-])--[a-z][a-z.-]+", run(BINARY, command, "--help"))))


class Terminal:
    """A shell on a terminal of its own: what is typed, and what then stands there."""

    def __init__(self, argv, home):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(home)
            os.execvpe(argv[0], argv, {"PATH": os.environ["PATH"], "HOME": str(home), "TERM": "dumb", "LC_ALL": "C.UTF-8"})

    def read(self, wanted, seconds=10):
        text, deadline = "", time.monotonic() + seconds
        while time.monotonic() < deadline and not re.search(wanted, text):
            if select.select([self.fd], [], [], 0.2)[0]:
                try:
                    text += os.read(self.fd, 65536).decode(errors="replace")
                except OSError:
                    break
        return text

    def type(self, text, wanted, tries=4):
        """A busy machine's shell may lose what is typed while it sets its terminal up: the line is wiped and typed again."""
        shown = ""
        for _ in range(tries):
            os.write(self.fd, text.encode())
            shown = self.read(wanted)
            if re.search(wanted, shown):
                break
            os.write(self.fd, b"\x15")
        return shown

    def close(self):
        os.close(self.fd)
        os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)


# What is typed before the tab, and what must then stand there.
CASES = [
    ("a command", "rep", r"report"),
    ("a flag", "report --fail-if-stu", r"--fail-if-stuck"),
    ("a flag with a value", "report --slow", r"--slowest="),
    ("a value", "report --format=js", r"--format=json"),
    ("a flag of serve, which needs no name", "--web.tel", r"--web\.telemetry-path="),
    ("a value of serve", "--source=jour", r"--source=journal"),
    ("a file", "report kubelet.l", r"kubelet\.log"),
]


def shell(argv, setup, home):
    terminal = Terminal(argv, home)
    try:
        terminal.type(setup + "; echo RE''ADY\n", "READY")
        for what, typed, wanted in CASES:
            # The echo of what was typed does not hold what is wanted.
            shown = terminal.type(f"{NAME} {typed}\t", wanted)
            lane.expect(f"{argv[0]} completes {what}", bool(re.search(wanted, shown)), repr(shown[-300:]))
            terminal.type("\x15echo NE''XT\n", "NEXT")  # the line is wiped
    finally:
        terminal.close()


with tempfile.TemporaryDirectory() as folder:
    home = pathlib.Path(folder)
    (home / "kubelet.log").write_text("")
    texts = {"the manual page": run(BINARY, "man").replace("\\", "")}
    for name in ("bash", "zsh"):
        texts[f"the completion of {name}"] = run(BINARY, "completion", name)
        (home / name).write_text(texts[f"the completion of {name}"])
    commands = re.findall(r"^  ([a-z-]+) ", run(BINARY, "--help").split("ubcommands:")[1], re.M)
    lane.expect("--help names commands", {"serve", "report", "explain", "catalogue"} <= set(commands), commands)
    for what, text in texts.items():
        missing = [c for c in commands if c not in text]
        for command in commands:
            part = text[text.index(f".Ss {command.replace(chr(92), '')}"):] if what == "the manual page" else text
            missing += [flag for flag in flags_of(command) if flag.lstrip("-") not in part]
        lane.expect(f"{what} names every command and flag", not missing, missing)

    for program in ("bash", "zsh", "mandoc"):
        if not shutil.which(program):
            if lane.expect.failed:
                lane.finish()
            lane.skip(f"{program} is not installed")
    (home / "page.1").write_text(run(BINARY, "man"))
    lint = subprocess.run(["mandoc", "-Tlint", "-Wall", home / "page.1"], capture_output=True, text=True)
    lint = [line for line in lint.stdout.splitlines() if "mdocdate" not in line.lower()]
    lane.expect("mandoc finds nothing to say about the manual page", not lint, lint)
    text = re.sub(".\b", "", run("mandoc", "-Tascii", "-O", "width=200", home / "page.1"))
    lane.expect("the manual page is formatted", "--fail-if-slower=DURATION" in text and "EXIT STATUS" in text, text[:500])
    shell(["bash", "--norc", "--noprofile", "-i"], f"source ./bash", home)
    shell(["zsh", "-f", "-i"], "autoload -U compinit; compinit -u -D; source ./zsh", home)

lane.finish()
