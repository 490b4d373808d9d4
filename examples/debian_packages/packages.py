"""Documents and a taxonomy from the package lists of a Debian machine.

    python packages.py OUT

Reads what `apt-cache dumpavail` prints, and the long descriptions where apt has them, and writes
into the directory OUT: `taxonomy.tsv` and `labels.tsv` (the tags in use), `tagged.jsonl` (packages
with tags) and `untagged.jsonl` (those without).

A tag is written `facet::tag`, or `facet::tag:kind` for a kind of it
(https://wiki.debian.org/Debtags). The facet is the parent of the tag, the tag of its kinds.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

TAG = re.compile(r"[A-Za-z0-9+.-]+::[A-Za-z0-9+.-]+(:[A-Za-z0-9+.-]+)*")
APT_HELPER = "/usr/lib/apt/apt-helper"  # reads lists in whatever way they are compressed
LONG_TEXTS = "apt-get update -o Acquire::Languages=en"


class Package(NamedTuple):
    """One package: its description and its tags, sorted, none where nobody has tagged it."""

    name: str
    source: str  # packages of one source have nearly the same description
    text: str
    tags: tuple[str, ...]

    def record(self) -> dict[str, object]:
        """As a line of JSON lines."""
        tags = {"labels": list(self.tags)} if self.tags else {}
        return {"id": self.name, "source": self.source, "text": self.text, **tags}


def paragraphs(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """The fields of each paragraph of a Debian control file (Debian Policy, section 5.1).

    A line that begins with a space or a tab goes on with the field above it; empty lines part
    paragraphs.
    """
    fields: dict[str, str] = {}
    name = ""
    for line in lines:
        if not line.strip():
            if fields:
                yield fields
            fields, name = {}, ""
        elif line[0] in " \t":
            if name:
                fields[name] += "\n" + line.strip()
        else:
            name, _, value = line.partition(":")
            fields[name] = value.strip()
    if fields:
        yield fields


def tags_of(field: str) -> tuple[str, ...]:
    """The tags of the field `Tag`, sorted; those on the state of the tagging are left out."""
    written = {tag.strip() for tag in field.replace("\n", " ").split(",")}
    return tuple(sorted(t for t in written if TAG.fullmatch(t) and not t.startswith("special::")))


def in_words(description: str) -> str:
    """A long description without the marks that lay it out: a line of one dot parts paragraphs."""
    return "\n".join("" if line == "." else line for line in description.split("\n")).strip()


def read_packages(lines: Iterable[str], long_texts: dict[tuple[str, str], str]) -> list[Package]:
    """The packages of `apt-cache dumpavail`, each once, sorted by name.

    `long_texts` has descriptions by the name of the package and the checksum of its description.
    """
    found: dict[str, Package] = {}
    for fields in paragraphs(lines):
        name = fields.get("Package", "")
        key = (name, fields.get("Description-md5", ""))
        text = long_texts.get(key) or in_words(fields.get("Description", ""))
        if name and text and name not in found:
            source = fields.get("Source", name).split(" ")[0]  # "name (version)" where they differ
            tags = tags_of(fields.get("Tag", ""))
            found[name] = Package(name, source, f"{name}: {text}", tags)
    return [found[name] for name in sorted(found)]


def parent_of(label: str) -> str:
    """The label above a tag: `works-with::image:raster` is below `works-with::image`."""
    above, _, _ = label.rpartition(":")
    return above.rstrip(":")


def with_those_above(tags: Iterable[str]) -> list[str]:
    """The tags and all labels above them, sorted."""
    labels = set()
    for tag in tags:
        while tag and tag not in labels:
            labels.add(tag)
            tag = parent_of(tag)
    return sorted(labels)


def write(directory: Path, packages: list[Package]) -> None:
    """The four files; what is there of an earlier run is replaced."""
    directory.mkdir(parents=True, exist_ok=True)
    labels = with_those_above(tag for package in packages for tag in package.tags)
    edges = [f"{label}\t{parent_of(label) or 'ROOT'}" for label in labels]
    names = [f"{label}\t{re.sub('[:-]+', ' ', label)}" for label in labels]
    (directory / "taxonomy.tsv").write_text("\n".join(edges) + "\n", encoding="utf-8")
    (directory / "labels.tsv").write_text(
        "\n".join(["label\tname", *names]) + "\n", encoding="utf-8"
    )
    for name, tagged in (("tagged.jsonl", True), ("untagged.jsonl", False)):
        lines = (json.dumps(p.record()) for p in packages if bool(p.tags) == tagged)
        (directory / name).write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def output_of(*command: str) -> Iterator[str]:
    """The lines that a command prints; `SystemExit` with what is amiss where it fails."""
    try:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, text=True, encoding="utf-8", errors="replace"
        )
    except OSError as error:
        sys.exit(f"{command[0]} can't be run: {error.strerror}. This example needs Debian's apt.")
    with process:
        assert process.stdout is not None
        yield from process.stdout
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with code {process.returncode}.")


def long_descriptions() -> dict[tuple[str, str], str]:
    """The long descriptions that apt has, by package and checksum; none where it loads none."""
    which = ("Created-By: Translations", "Language: en")
    files = [
        line.strip()
        for line in output_of("apt-get", "indextargets", "--format", "$(FILENAME)", *which)
    ]
    found = {}
    for file in files:
        for fields in paragraphs(output_of(APT_HELPER, "cat-file", file)):
            key = (fields.get("Package", ""), fields.get("Description-md5", ""))
            found[key] = in_words(fields.get("Description-en", ""))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("directory", type=Path, metavar="OUT")
    directory: Path = parser.parse_args().directory
    long_texts = long_descriptions()
    packages = read_packages(output_of("apt-cache", "dumpavail"), long_texts)
    tagged = [package for package in packages if package.tags]
    if not tagged:
        sys.exit("apt-cache dumpavail has no package with tags. `apt-get update` loads the lists.")
    write(directory, packages)
    counts = Counter(tag for package in tagged for tag in package.tags)
    print(f"{len(packages):,} packages, {len(tagged):,} of them with tags; {len(counts):,} tags.")
    if not long_texts:
        print(f"One line describes each: apt has no long descriptions. `{LONG_TEXTS}` loads them.")


if __name__ == "__main__":
    main()
