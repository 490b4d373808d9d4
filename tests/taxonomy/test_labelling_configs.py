"""Labelling configurations of Label Studio: read, written, distrusted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harnn.converters import convert
from harnn.data import read_documents
from harnn.errors import TaxonomyError
from harnn.taxonomy import Taxonomy, write_taxonomy

# The shape of the example in https://labelstud.io/templates/taxonomy, with other words.
EXAMPLE = """<View>
  <Text name="text" value="$text"/>
  <Taxonomy name="taxonomy" toName="text">
    <Choice value="Food">
      <Choice value="Soup" alias="s1" />
      <Choice value="Bread &amp; Rolls" />
    </Choice>
    <Choice value="Art" />
  </Taxonomy>
  <Choices name="mood" toName="text"><Choice value="glad"/></Choices>
</View>
"""


def read(folder: Path, text: str, name: str = "config.xml") -> Taxonomy:
    (folder / name).write_text(text, encoding="utf-8")
    return Taxonomy.from_file(folder / name)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(TaxonomyError) as caught:
        read(folder, text)
    return str(caught.value).replace(f"{folder}/", "")


def test_choices_inside_choices_are_labels(tmp_path: Path) -> None:
    taxonomy = read(tmp_path, EXAMPLE)
    assert taxonomy.codes == ("Food", "Art", "s1", "Bread & Rolls")
    assert taxonomy.names == ("Food", "Art", "Soup", "Bread & Rolls")
    assert taxonomy.edges.tolist() == [[2, 0], [3, 0]]
    assert not taxonomy.notes


def test_values_that_repeat_are_known_by_their_paths(tmp_path: Path) -> None:
    inner = "".join(f'<Choice value="{x}"><Choice value="Other"/></Choice>' for x in "AB")
    taxonomy = read(tmp_path, f"<View><Taxonomy>{inner}</Taxonomy></View>")
    assert taxonomy.codes == ("A", "B", "A > Other", "B > Other")
    assert taxonomy.names == ("A", "B", "Other", "Other")
    assert taxonomy.notes == ("Values of Choice repeat: labels are known by their paths.",)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    edges = [("a b", "ROOT"), ("c", "a b"), ("d", "c"), ('e"<&', "ROOT"), ("f", 'e"<&')]
    taxonomy = Taxonomy.from_edges(edges, {"c": "Sea", "f": "Sea"})
    written = write_taxonomy(taxonomy, tmp_path / "config.xml")
    assert written.notes == ()
    again = Taxonomy.from_file(tmp_path / "config.xml")
    assert again == taxonomy
    assert again.names == taxonomy.names
    assert (tmp_path / "config.xml").read_text() == (
        '<View>\n  <Text name="text" value="$text"/>\n'
        '  <Taxonomy name="taxonomy" toName="text">\n'
        '    <Choice value="a b">\n      <Choice value="Sea" alias="c">\n'
        '        <Choice value="d"/>\n      </Choice>\n    </Choice>\n'
        "    <Choice value='e\"&lt;&amp;'>\n"
        '      <Choice value="Sea" alias="f"/>\n    </Choice>\n  </Taxonomy>\n</View>\n'
    )


def test_several_parents_are_said(tmp_path: Path) -> None:
    taxonomy = Taxonomy.from_edges([("a", "ROOT"), ("b", "ROOT"), ("c", "a"), ("c", "b")])
    written = write_taxonomy(taxonomy, tmp_path / "config.xml")
    assert written.notes == ("1 label has several parents; only the first is kept.",)
    assert len(Taxonomy.from_file(tmp_path / "config.xml").edges) == 1


def test_exported_annotations_are_read_with_it(tmp_path: Path) -> None:
    read(tmp_path, EXAMPLE)
    value = {"taxonomy": [["Food", "s1"], ["Art"], ["Food", "Bread & Rolls"]]}
    result = [{"type": "taxonomy", "from_name": "taxonomy", "to_name": "text", "value": value}]
    task = {"id": 7, "data": {"text": "a"}, "annotations": [{"result": result}]}
    (tmp_path / "export.json").write_text(json.dumps([task]))
    convert(
        tmp_path / "export.json",
        tmp_path / "d.jsonl",
        source="label-studio",
        target="harnn",
        taxonomy=tmp_path / "config.xml",
    )
    found = list(read_documents(tmp_path / "d.jsonl"))
    assert [each.labels for each in found] == [("s1", "Art", "Bread & Rolls")]


CHOICE = '<Choice value="A"/>'


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (
            f'<!DOCTYPE v [<!ENTITY a "b">]><View><Taxonomy>{CHOICE}</Taxonomy></View>',
            "config.xml:1: declares a type of document, which a configuration needs for nothing.",
        ),
        (
            f"<View>\n<Taxonomy>{CHOICE}</Taxonomy>\n<Taxonomy/></View>",
            "config.xml:3: is a second tag Taxonomy. Keep the one that is to be read.",
        ),
        (
            '<View><Taxonomy apiUrl="https://example.org/t.json"/></View>',
            "config.xml: has no tag Taxonomy with a Choice in it. "
            "Labels that stand elsewhere are not fetched.",
        ),
        ("<View><Taxonomy>", "config.xml:1: is not valid XML: no element found."),
        ('<Taxonomy><Choice alias=""/></Taxonomy>', "config.xml:1: empty label."),
        (
            f"<Taxonomy>{CHOICE}\n{CHOICE}</Taxonomy>",
            "config.xml:2: 'A' was already given in line 1.",
        ),
        (
            "<Taxonomy>" + "<Choice value='x'>" * 300,
            "config.xml:1: more than 200 elements stand inside each other.",
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, what: str) -> None:
    assert refusal(tmp_path, text) == what


def test_control_characters_cannot_be_written(tmp_path: Path) -> None:
    taxonomy = Taxonomy.from_edges([("a\x01", "ROOT")])
    with pytest.raises(TaxonomyError) as caught:
        write_taxonomy(taxonomy, tmp_path / "c.xml")
    assert str(caught.value) == "'a\\x01' holds a control character, which XML cannot."
    assert not (tmp_path / "c.xml").exists()
