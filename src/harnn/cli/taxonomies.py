"""What the commands about taxonomies do, in terms of the library."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from rich.text import Text

from harnn._display import counted, escape_json
from harnn._files import write_atomically
from harnn._tables import shown
from harnn.cli.files import JSON, check_inputs, check_output, tell_written, write_json
from harnn.cli.screen import Console, plain, say
from harnn.config import ConceptCodes, Config, TaxonomyForm, TaxonomyOutput
from harnn.data import learn_taxonomy
from harnn.errors import ConfigError, Problem, TaxonomyError
from harnn.taxonomy import Taxonomy, measure, part_of, search, walk, write_taxonomy
from harnn.taxonomy.writing import SUFFIXES, check_beside, check_form, form_of

_MOST_LABELS = 10_000_000
"""Of a level."""


class TaxonomyChoice(NamedTuple):
    """Which taxonomy is read, and how; see :meth:`harnn.Taxonomy.from_file`."""

    path: Path | None
    labels: Path | None = None
    form: TaxonomyForm | None = None
    separator: str | None = None
    by_path: bool | None = None
    language: str | None = None
    scheme: str | None = None
    collections: bool | None = None
    codes: ConceptCodes | None = None
    column: Sequence[str] | None = None
    """``ROLE=NAME`` of columns."""
    sheet: str | None = None
    taxonomy_encoding: str | None = None

    @property
    def is_given(self) -> bool:
        """Tell whether there is a path, or anything of how to read it."""
        return any(each not in (None, False, []) for each in self)

    def read(self, path: Path, *, tells: bool = True) -> Taxonomy:
        """Read *path* like that, and say what else it could mean.

        tells: whether that is said, as where a taxonomy is looked at or trained for, not where it
        is used once more.

        Raises:
            ConfigError: a column is not given as ``ROLE=NAME``.
            TaxonomyError: it cannot be read.
        """
        taxonomy = Taxonomy.from_file(
            path,
            labels=self.labels,
            form=self.form,
            separator=self.separator,
            by_path=bool(self.by_path),
            language=self.language,
            scheme=self.scheme,
            collections=bool(self.collections),
            codes=self.codes or "auto",
            columns=_read_columns(self.column or ()),
            sheet=self.sheet,
            encoding=self.taxonomy_encoding,
        )
        if tells:
            say_notes(taxonomy.notes)
        return taxonomy


def _read_columns(given: Iterable[str]) -> dict[str, str]:
    columns: dict[str, str] = {}
    for entry in given:
        role, equals, name = entry.partition("=")
        if not (equals and role and name) or role in columns:
            what = f"got {shown(entry)}, expected ROLE=NAME, each ROLE once,"
            raise ConfigError(Problem("--column", what, "as parent=Broader."))
        columns[role] = name
    return columns


def say_notes(notes: Iterable[str]) -> None:
    """Say on standard error what should be known."""
    for note in notes:
        say(f"Note: {note}")


def find_taxonomy(choice: TaxonomyChoice, *, tells: bool = True) -> Taxonomy | None:
    """Read the taxonomy where one is given; tells: see :meth:`TaxonomyChoice.read`.

    Raises:
        ConfigError: how to read one is given, but none to read.
        TaxonomyError: it cannot be read.
    """
    if choice.path is not None:
        return choice.read(choice.path, tells=tells)
    options = choice._asdict().items()
    given = [name for name, value in options if value not in (None, False)]
    if given:
        names = [f"--{name.replace('_', '-')}" for name in given]
        what = "says how to read a taxonomy, but none is given with --taxonomy."
        raise ConfigError(Problem(" and ".join(names), what))
    return None


def describe(taxonomy: Taxonomy) -> str:
    """Return one line on the size and shape of a taxonomy."""
    sizes = " / ".join(f"{size:,}" for size in taxonomy.hierarchy.level_sizes)
    summary = taxonomy.summary()
    shape = "a tree" if summary.is_tree else "a DAG"
    return (
        f"taxonomy: {len(taxonomy):,} labels on {taxonomy.depth} levels "
        f"({sizes}), {len(taxonomy.edges):,} edges, {shape}"
    )


def learn(
    data: list[Path], output: Path, sizes: Sequence[str], settings: Sequence[str] = ()
) -> None:
    """Learn a taxonomy from index records and write it."""
    given = _read_sizes(sizes)
    check_inputs(data)
    check_output(output, JSON, data)
    learned = learn_taxonomy(data, sizes=given or None, config=Config.read(None, settings).data)
    with write_atomically(output) as file:
        file.write(escape_json(learned.taxonomy.to_json()))
    errors = Console(stderr=True)
    errors.print_line(describe(learned.taxonomy))
    errors.print_line(
        f"{learned.documents:,} records tell the parents of {learned.learned:,} labels; "
        f"{learned.undetermined:,} have several possible parents, {learned.contradicted:,} none "
        f"that fits all records, and {learned.unseen:,} stand in no record: they have no edge."
    )
    tell_written(errors.print_line, {"taxonomy": output})


def _read_sizes(sizes: Sequence[str]) -> dict[str, int]:
    """Read ``LEVEL=NUMBER``.

    Raises:
        ConfigError: something else is given.
    """
    given: dict[str, int] = {}
    for size in sizes:
        level, equals, number = size.partition("=")
        if not (equals and level and number.isascii() and number.isdecimal()):
            what = f"got {shown(size)}, expected LEVEL=NUMBER,"
            raise ConfigError(Problem("--size", what, "as subgroup=8364."))
        if len(number) > len(str(_MOST_LABELS)) or not 1 <= int(number) <= _MOST_LABELS:
            what = f"got {shown(size)}, expected 1 to {_MOST_LABELS:,} labels."
            raise ConfigError(Problem("--size", what))
        given[level] = int(number)
    return given


# --- show ---------------------------------------------------------------------------------------


def show(
    file: Path, how: TaxonomyChoice, *, under: str | None, depth: int | None, words: str | None
) -> bool:
    """Print a taxonomy, or a part of it, as a tree; say whether there was anything to show."""
    whole = how.read(file, tells=words is None)
    part = part_of(whole, under=under)
    found = None if words is None else set(search(part, words).tolist())
    if found is not None and not found:
        say("No label is called that; names, other names, codes and notations were searched.")
        return False
    kept = None if found is None else _on_shown_ways(part, found)
    console = Console()
    for line in _tree_lines(part, depth, kept, found or set()):
        console.print(line, soft_wrap=True)
    if found is not None:
        say("1 label found." if len(found) == 1 else f"{len(found):,} labels found.")
    return True


_SHOWN_WAYS = 2
"""Parents of a label under each of which a search shows it; where there are more, the first."""


def _on_shown_ways(taxonomy: Taxonomy, found: Iterable[int]) -> set[int]:
    """Return labels with all that stand above them on the ways that are shown."""
    kept = set[int]()
    waiting = list(found)
    while waiting:
        column = waiting.pop()
        if column not in kept:
            kept.add(column)
            parents = taxonomy.parents(column).tolist()
            waiting += parents if len(parents) <= _SHOWN_WAYS else parents[:1]
    return kept


def _tree_lines(
    taxonomy: Taxonomy, depth: int | None, kept: set[int] | None, found: set[int]
) -> Iterator[Text]:
    """Yield a line for each place of a label.

    depth: lines that stand below each other; kept: columns that are shown, of many ways to one the
    first, None: all; found: those that stand out.
    """
    parents = taxonomy.hierarchy.parent_counts
    many = [kept is not None and count > _SHOWN_WAYS for count in parents.tolist()]
    steps = [
        step
        for step in walk(taxonomy)
        if (depth is None or step.depth < depth)
        and (kept is None or step.column in kept)
        and not (step.again and many[step.column])
    ]
    guides: list[str] = []
    following: set[int] = set()  # depths at which a sibling follows
    for step in reversed(steps):
        above = "".join("│  " if level in following else "   " for level in range(1, step.depth))
        branch = "├─ " if step.depth in following else "└─ "
        guides.append(above + branch if step.depth else "")
        following = {level for level in following if level < step.depth} | {step.depth}
    for step, guide in zip(steps, reversed(guides), strict=True):
        column = step.column
        name, code = taxonomy.names[column], taxonomy.codes[column]
        line = plain(guide, "dim")
        line.append_text(plain(name, "bold" if column in found else ""))
        if code != name:
            line.append_text(plain(f"  {code}", "dim"))
        children = len(taxonomy.children(column))
        if many[column]:
            line.append_text(plain(f"  (and {parents[column] - 1:,} more ways)", "dim"))
        if step.again:
            first = taxonomy.names[int(taxonomy.parents(column)[0])]
            line.append_text(plain(f"  (shown with all below it under {first})", "dim"))
        elif depth is not None and step.depth + 1 == depth and children:
            line.append_text(plain(f"  (+{children:,} below)", "dim"))
        yield line


# --- check, stats, convert -----------------------------------------------------------------------


def check(file: Path, how: TaxonomyChoice) -> bool:
    """Print every problem of a taxonomy; say whether there is none."""
    console = Console()
    try:
        taxonomy = how.read(file)
    except TaxonomyError as error:
        for problem in error.problems:
            console.print_line(str(problem))
        count = len(error.problems)
        say("1 problem." if count == 1 else f"{count:,} problems.")
        return False
    console.print_line(f"{describe(taxonomy)}. No problems.")
    return True


def stats(file: Path, how: TaxonomyChoice, *, json_output: Path | None) -> None:
    """Print the numbers of a taxonomy."""
    check_output(json_output, JSON, [file])
    taxonomy = how.read(file)
    found = measure(taxonomy)
    write_json(json_output, found.to_dict())
    console = Console()
    console.print_line(describe(taxonomy))
    for line in found.lines():
        console.print_line(line)
    tell_written(console.print_line, {"report": json_output})


def convert(
    file: Path,
    how: TaxonomyChoice,
    output: Path,
    *,
    to: TaxonomyOutput | None,
    under: str | None,
    depth: int | None,
    tag: str,
    base: str | None,
    overwrite: bool,
) -> None:
    """Write a taxonomy, or a part of it, in another form."""
    form = to or form_of(output)
    check_form(form, output)
    check_output(output, [output.suffix.lower()] if to else list(SUFFIXES), [file])
    if form == "tsv":
        check_beside(output, overwrite=overwrite)
    taxonomy = how.read(file)
    bases = {} if base is None else {"base": base}
    written = write_taxonomy(
        taxonomy,
        output,
        to=form,
        under=under,
        depth=depth,
        language=tag,
        overwrite=overwrite,
        **bases,
    )
    say_notes(written.notes)
    say(f"{counted(written.labels, 'label')} written.")
    tell_written(say, dict(zip(("taxonomy", "names of its labels"), written.paths, strict=False)))
