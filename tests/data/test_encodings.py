"""Files that are not UTF-8."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harnn.config import Config, DataConfig
from harnn.data import ReadingLog, read_documents
from harnn.errors import ConfigError, DocumentError

TEXTS = ("Möhren, über 3 €", "zweite Zeile", "naïve café")


def files(texts: tuple[str, ...]) -> dict[str, str]:
    records = [{"text": text} for text in texts]
    return {
        "d.txt": "\n".join(texts),
        "d.jsonl": "\n".join(json.dumps(r, ensure_ascii=False) for r in records),
        "d.json": json.dumps(records, ensure_ascii=False, indent=1),
        "d.csv": "text\r\n" + "".join(f'"{text}"\r\n' for text in texts),
        "d.tsv": "text\n" + "\n".join(texts),
    }


@pytest.mark.parametrize("name", files(TEXTS))
@pytest.mark.parametrize(
    ("written", "setting"),
    [
        ("utf-16", "utf-8"),
        ("utf-32", "utf-8"),
        ("utf-8-sig", "cp1252"),
        ("utf-8", "UTF_8"),
        ("cp1252", "windows-1252"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
        ("iso8859-15", "latin9"),
        ("cp1140", "cp1140"),  # lines end with another byte than that of a line feed
    ],
)
def test_round_trip(tmp_path: Path, name: str, written: str, setting: str) -> None:
    path = tmp_path / name
    path.write_bytes(files(TEXTS)[name].encode(written))
    config = DataConfig(encoding=setting)
    assert [d.full_text for d in read_documents(path, config)] == list(TEXTS)


@pytest.mark.parametrize("encoding", ["gb18030", "big5", "shift_jis", "euc_jp", "iso2022_jp"])
def test_asian_encodings(tmp_path: Path, encoding: str) -> None:
    texts = ("花子さん", "表十申") if "j" in encoding else ("花子的面包", "功許蓋")
    for name, text in files(texts).items():
        (tmp_path / name).write_bytes(text.encode(encoding))
        found = read_documents(tmp_path / name, DataConfig(encoding=encoding))
        assert [d.full_text for d in found] == list(texts)


def problems_of(path: Path, data: bytes, config: DataConfig | None = None) -> list[str]:
    path.write_bytes(data)
    with pytest.raises(DocumentError) as caught:
        list(read_documents(path, config or DataConfig()))
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            "ein Café".encode("cp1252"),
            ":1: is not UTF-8 (byte 8 of the line). "
            "It may be cp1252: set data.encoding=cp1252 (--encoding cp1252).",
        ),
        (
            "花子的面包".encode("gb18030"),
            ":1: is not UTF-8 (byte 1 of the line). "
            "Name its encoding, such as data.encoding=gb18030 (--encoding gb18030) or cp1251.",
        ),
        ("花子的面包".encode() + b"\xe8", ":1: is not UTF-8 (byte 16 of the line)."),
        (
            "no mark".encode("utf-16-le"),
            ": looks like UTF-16 without a byte order mark. "
            "Set data.encoding=utf-16-le (--encoding utf-16-le).",
        ),
        (
            "no mark".encode("utf-16-be"),
            ": looks like UTF-16 without a byte order mark. "
            "Set data.encoding=utf-16-be (--encoding utf-16-be).",
        ),
        ("one\ntwo\n".encode("utf-16")[:-1], ":2: is not utf-16: reading stops there."),
        (b"\xff\xfe\x00\xd8a\x00", ":1: is not utf-16: reading stops there."),
    ],
)
def test_bytes_that_are_something_else(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "d.txt"
    assert problems_of(path, data) == [f"{path}{message}"]


def test_bytes_that_the_given_encoding_does_not_have(tmp_path: Path) -> None:
    path = tmp_path / "d.csv"
    config = DataConfig(encoding="cp1252")
    assert problems_of(path, b"text\nok\na\x81b\n", config) == [
        f"{path}:3: is not cp1252 (byte 2 of the line)."
    ]
    config = DataConfig(encoding="cp1252", on_error="skip")
    assert [d.full_text for d in read_documents(path, config)] == ["ok"]


@pytest.mark.parametrize(
    "name", ["utf8000", "rot13", "idna", "", "a\0b", "\ud800", "unicode_escape"]
)
def test_encodings_that_are_none(name: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config(data=DataConfig(encoding=name))
    assert str(caught.value) == (
        f"data.encoding: got {name!r}, "
        "expected the name of an encoding, such as utf-8, cp1252 or gb18030."
    )
    with pytest.raises(ConfigError):
        list(read_documents("absent.csv", DataConfig(encoding=name)))


@pytest.mark.parametrize("delimiter", [";;", '"', "\n"])
def test_delimiters_that_are_none(delimiter: str) -> None:
    with pytest.raises(ConfigError) as caught:
        Config(data=DataConfig(delimiter=delimiter, line_limit=5))
    assert str(caught.value) == (
        "2 problems in the configuration:\n"
        "  data.line_limit: got 5, expected 1,024 to 2,147,483,647.\n"
        f"  data.delimiter: got {delimiter!r}, expected one character, tab, or nothing."
    )


WESTERN = {
    "German": "Über die Bäder der Stadt – schöne Straße, „größer“ als früher (12 €)",
    "French": "Les élèves ont été très heureux à la fête ; c’est déjà ça, où êtes-vous ?",
    "Spanish": "¿Qué pasó mañana? El niño comió jamón, ¡qué lástima! Según él, también",
    "Portuguese": "Não há informações sobre as eleições de amanhã; são três opções",
    "Danish": "Blåbærgrød på en ø, så gør det ikke så meget når æblerne er små",
    "Italian": "Perché non è più così? La città è già là, però è più caffè",
    "Swedish": "Räksmörgås på en båt, och där är ön för små möss",
}
NOT_WESTERN = {
    ("Czech", "cp1250"): "Příliš žluťoučký kůň úpěl ďábelské ódy",
    ("Czech without carons", "cp1250"): "řeka je čistá a měla černé řasy",
    ("Polish", "cp1250"): "Zażółć gęślą jaźń, że są łódki",
    ("Hungarian", "cp1250"): "árvíztűrő tükörfúrógép nőnek időben",
    ("Turkish", "cp1254"): "Şu köşe yaz köşesi, ağaç ve ışık, değil mi",
    ("Latvian", "cp1257"): "Glāžšķūņa rūķīši dzērumā čiepj",
    ("Greek", "cp1253"): "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία",
    ("Russian", "cp1251"): "Съешь же ещё этих мягких булок",
    ("Chinese", "gb18030"): "花子的面包和汤",
    ("German of DOS", "cp850"): "Über die Bäder der schönen Straße, größer als früher",
    ("German of a Macintosh", "mac_roman"): "Über die Bäder der schönen Straße, größer",
}


@pytest.mark.parametrize("language", WESTERN)
@pytest.mark.parametrize("name", ["d.csv", "d.tsv", "d.txt"])
def test_cp1252_is_recognised_and_told(tmp_path: Path, language: str, name: str) -> None:
    text = WESTERN[language].replace(",", "").replace('"', "")
    path = tmp_path / name
    lines = [*([] if name == "d.txt" else ["text"]), "plain", text, "last é"]
    path.write_bytes("\n".join(lines).encode("cp1252"))
    log = ReadingLog()
    assert [d.full_text for d in read_documents(path, log=log)] == ["plain", text, "last é"]
    assert [str(warning) for warning in log.warnings] == [
        f"{path}: is not UTF-8: read as cp1252. "
        "Set data.encoding (--encoding) to have it read as that or another one."
    ]


@pytest.mark.parametrize(("language", "encoding"), NOT_WESTERN)
def test_other_encodings_are_not_taken_for_cp1252(
    tmp_path: Path, language: str, encoding: str
) -> None:
    path = tmp_path / "d.txt"
    found = problems_of(path, NOT_WESTERN[language, encoding].encode(encoding))
    assert len(found) == 1
    assert "is not UTF-8" in found[0]


def test_what_is_utf_8_in_places_is_damaged(tmp_path: Path) -> None:
    data = "schöne Bäder für größere\n".encode() + "schöne Bäder für größere".encode("cp1252")
    [problem] = problems_of(tmp_path / "d.txt", data)
    assert problem.startswith(f"{tmp_path / 'd.txt'}:2: is not UTF-8")
