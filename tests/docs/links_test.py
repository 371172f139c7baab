#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every relative link in every Markdown file leads to a file, and to a heading where it names one. Paths in `code` that begin with
a folder of this repository exist too."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
NOT_OURS = {"build", "node_modules", ".git"}
FOLDERS = ("cmake/", "dashboards/", "deploy/", "docs/", "exporter/", "metrics/", "parser/", "tests/")


def without_code(text):
    return re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)


def anchors(text):
    """As GitHub makes them: lower case, punctuation gone, a hyphen for each space."""
    titles = re.findall(r"^#+ +(.*)$", without_code(text), re.M)
    return {re.sub(r"[^\w\- ]", "", re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", title).lower()).replace(" ", "-") for title in titles}


def pages(root):
    return [page for page in sorted(root.rglob("*.md")) if not NOT_OURS & set(page.relative_to(root).parts)]


def faults(root, page):
    text = without_code(page.read_text())
    for link in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`\n]*`", "", text)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield f"links to {link}, which is not there"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target.read_text()):
            yield f"links to {link}, and there is no such heading"
    for path in re.findall(r"`([\w./-]+)`", text):
        if path.startswith(FOLDERS) and not (root / path).exists() and not (root / f"{path}.h").exists():
            yield f"names `{path}`, which is not there"


def main():
    found = [f"{page.relative_to(ROOT)} {fault}" for page in pages(ROOT) for fault in faults(ROOT, page)]
    for fault in found:
        print("FAIL  " + fault)
    # The test can fail: a page with one fault of each kind.
    sample = ROOT / "tests/docs/faulty.md.sample"
    wrong = list(faults(ROOT, sample))
    if len(wrong) != 3:
        found.append("sample")
        print(f"FAIL  {sample.name} has three faults, found: {wrong}")
    print(f"{len(pages(ROOT))} pages, {len(found)} failed")
    return 1 if found else 0


sys.exit(main())
