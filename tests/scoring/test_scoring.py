"""``harnn score`` on this machine: answers, what goes on, what is refused, what is told."""

from __future__ import annotations

import gzip
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import harnn
from harnn._tables import shown as brief
from harnn.bundle import fingerprint
from harnn.cli import run
from harnn.errors import ConfigError, InputError, MissingExtraError
from harnn.prediction import WorkerError
from harnn.sample import sample
from harnn.scoring import Crew, ScorerSettings, ScoringProgress, score_archive
from harnn.scoring.scorer import Scorer
from support.archives import MODEL, answers_of, failures_of, without_seconds, write_archive
from support.child_processes import children_of_module

Said = pytest.CaptureFixture[str]


def predicted(data: Path, suffix: str = ".jsonl", *options: str) -> bytes:
    place = data.with_name(f"predicted{suffix}")
    assert run(["predict", str(MODEL), "-d", str(data), "-o", str(place), *options]) == 0
    return place.read_bytes()


def score(data: object, out: Path, *options: str) -> int:
    return run(["score", str(MODEL), "--data", str(data), "--out", str(out), *options])


@pytest.mark.parametrize(
    "options", [[], ["--top-k", "2"], ["--threshold", "0.05", "--close", "up"]]
)
def test_answers_are_those_of_predict(tmp_path: Path, options: list[str]) -> None:
    data = write_archive(tmp_path / "new.jsonl", 50)
    assert score(data, tmp_path / "out", "--partition", "7", *options) == 0
    assert answers_of(tmp_path / "out") == predicted(data, ".jsonl", *options)
    assert len(list((tmp_path / "out" / "answers").iterdir())) == 8
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["model"] == fingerprint(MODEL)
    assert (summary["documents"], summary["failed"], summary["partitions"]) == (50, 0, 8)
    assert summary["rate"] > 0
    assert list((tmp_path / "out" / "failed").iterdir()) == []


def test_parquet_in_and_out(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    arrow = pytest.importorskip("pyarrow")
    lines = write_archive(tmp_path / "new.jsonl", 30)
    rows = [json.loads(line) for line in lines.read_text().splitlines()]
    data = tmp_path / "new.parquet"
    parquet.write_table(arrow.Table.from_pylist(rows), data, row_group_size=11)
    assert score(data, tmp_path / "out", "--partition", "30", "--format", "parquet") == 0
    assert answers_of(tmp_path / "out", ".parquet") == predicted(data, ".parquet")
    assert score(data, tmp_path / "parts", "--partition", "8", "--format", "parquet") == 0
    found = parquet.read_table(tmp_path / "parts" / "answers").to_pylist()
    assert found == parquet.read_table(tmp_path / "out" / "answers").to_pylist()


def test_several_files_packed_or_not(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    write_archive(tmp_path / "in" / "a.jsonl", 9)
    packed = tmp_path / "in" / "deep" / "b[1].jsonl.gz"
    packed.write_bytes(gzip.compress(write_archive(tmp_path / "b.txt", 9, start=9).read_bytes()))
    write_archive(tmp_path / "in" / "deep" / "a.jsonl", 9, start=18)
    wanted = predicted(write_archive(tmp_path / "everything.jsonl", 27)).splitlines()
    pattern = tmp_path / "in" / "**" / "*.jsonl*"
    out = tmp_path / "out"
    assert score(pattern, out, "--data", str(packed), "--partition", "4") == 0
    assert sorted(answers_of(out).splitlines()) == sorted(wanted)
    assert score(f"file://{pattern}", tmp_path / "far", "--partition", "4") == 0
    assert sorted(answers_of(tmp_path / "far").splitlines()) == sorted(wanted)


def test_processes_give_the_same(tmp_path: Path) -> None:
    data = write_archive(tmp_path / "new.jsonl", 40)
    seen: list[ScoringProgress] = []
    out = tmp_path / "out"
    summary = score_archive(MODEL, [data], out, partition=8, crew=Crew(2), listener=seen.append)
    assert answers_of(out) == predicted(data)
    assert (summary.documents, summary.processes, summary.partitions) == (40, 2, 5)
    assert seen[0] == ScoringProgress("planning", 1, 1)
    assert [each.done for each in seen[1:]] == [0, 8, 16, 24, 32, 40]
    assert {each.total for each in seen[1:]} == {40}


def test_what_has_no_answer_stands_beside_with_the_reason(tmp_path: Path, capsys: Said) -> None:
    data = write_archive(tmp_path / "new.jsonl", 10)
    lines = data.read_text().splitlines()
    lines[3:5] = ['{"id": "x", "words": "bees"}', "", '{"id": "中文", "text": 3}', "no json"]
    data.write_text("\n".join(lines))
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(data.read_bytes())[:-20])
    out = tmp_path / "out"
    assert score(tmp_path / "new.*", out, "--partition", "4") == 2
    said = capsys.readouterr()
    assert without_seconds(said.out) == "8 documents answered"
    told = f"3 documents could not be answered. Which and why is in {out}/failed/."
    assert said.err == f"Error: {told}\n"
    assert failures_of(out) == [
        {
            "where": f"{data}:4",
            "reason": "has no text, expected 'text', or 'title' and 'abstract'.",
        },
        {
            "where": f"{data}:6",
            "reason": "'text' is a whole number, expected a string or a list of words.",
        },
        {
            "where": f"{data}:7",
            "reason": "is not valid JSON (column 5), expected one object a line.",
        },
    ]
    assert score(tmp_path / "new.*", tmp_path / "skip", "--on-error", "skip") == 0
    assert capsys.readouterr().err == f"{told}\n".replace(f"{out}", f"{tmp_path / 'skip'}")
    assert answers_of(tmp_path / "skip") == answers_of(out)
    assert score(tmp_path / "cut.*", tmp_path / "cut", "--on-error", "skip") == 2
    assert "1 file could not be read to the end. Which" in capsys.readouterr().err
    assert failures_of(tmp_path / "cut")[-1]["whole_file"] is True


def test_it_goes_on_and_makes_again_what_changed(tmp_path: Path, capsys: Said) -> None:
    data = write_archive(tmp_path / "a.jsonl", 20)
    out = tmp_path / "out"
    options = ["--partition", "5", "--resume"]
    assert score(tmp_path / "*.jsonl", out, *options) == 0
    first = {path.name: path.stat().st_mtime_ns for path in (out / "answers").iterdir()}
    lines = data.read_text().splitlines()
    lines[6] = lines[6].replace("and", "or")
    data.write_text("".join(f"{line}\n" for line in lines[:-5]))
    write_archive(tmp_path / "b.jsonl", 5, start=20)
    next(iter(sorted((out / "answers").iterdir()))).write_bytes(b"cut")
    capsys.readouterr()
    assert score(tmp_path / "*.jsonl", out, *options) == 0
    said = capsys.readouterr()
    assert said.err.splitlines() == [
        "Going on after 5 documents.",
        "1 partition was made again: its documents changed.",
    ]
    assert without_seconds(said.out) == "20 documents answered"
    wanted = predicted(data) + predicted(tmp_path / "b.jsonl")
    (tmp_path / "predicted.jsonl").unlink()
    assert answers_of(out) == wanted
    after = {path.name: path.stat().st_mtime_ns for path in (out / "answers").iterdir()}
    assert [name[-11:] for name in first if after.get(name) == first[name]] == ["00002.jsonl"]
    assert score(tmp_path / "*.jsonl", out, *options) == 0
    assert without_seconds(capsys.readouterr().out) == "20 documents answered"


def test_what_does_not_fit_is_refused(tmp_path: Path, capsys: Said) -> None:
    data = write_archive(tmp_path / "a.jsonl", 5)
    other = write_archive(tmp_path / "b.jsonl", 5)
    out = tmp_path / "out"
    assert score(data, out, "--partition", "5") == 0
    capsys.readouterr()

    def refused(*command: str) -> str:
        assert run(["score", *command]) == 2
        return capsys.readouterr().err.removeprefix("Error: ").rstrip("\n")

    ours = [str(MODEL), "--data", str(data), "--out", str(out), "--partition", "5"]
    assert refused(*ours) == (
        f"{out}: holds the answers of a scoring that is finished. Go on with --resume, choose "
        "another --out, or remove it to start again."
    )
    again = "Repeat the command that made them, or choose another --out."
    assert refused(*ours, "--resume", "--top-k", "2") == (
        f"{out}: holds answers that were made with other options: decoding.top_k was None, now 2. "
        f"{again}"
    )
    assert refused(*ours[:-1], "6", "--resume") == (
        f"{out}: holds answers that were made with other options: partition was 5, now 6. {again}"
    )
    model = tmp_path / "model"
    shutil.copytree(MODEL, model)
    assert run(["decoding", str(model), "--threshold", "0.9"]) == 0
    capsys.readouterr()
    asked = [str(model), *ours[1:], "--resume"]
    assert refused(*asked) == f"{out}: holds answers of another model. {again}"
    assert refused(str(MODEL), "--data", str(other), *ours[3:], "--resume") == (
        f"{out}: holds answers of documents that are not given now: {brief(str(data))}. Repeat "
        "--data as it was (more files may come), or choose another --out."
    )
    inside = str(out / "answers" / "*.jsonl")
    assert refused(*ours, "--resume", "--data", inside).endswith(
        f"is in {out}, where the answers go. Choose another --out, or other documents."
    )
    (out / "manifest.json").write_text('{"format": 1, "made_by": {}, "files": [{}]}')
    assert refused(*ours, "--resume") == (
        f"{out}/manifest.json: is damaged, or of another version of harnn. Remove the directory to "
        "start again."
    )
    new = [*ours[:3], "--out", str(tmp_path / "new")]
    shown = str(tmp_path / "nix*.jsonl")
    assert refused(str(MODEL), "--data", shown, *new[3:]) == (
        f"{shown}: no file is found for this pattern."
    )
    assert refused(str(MODEL), "--data", str(tmp_path), *new[3:]) == (
        f"{tmp_path}: is a directory, expected files. Give a pattern, as '{tmp_path}/**/*.jsonl'."
    )
    assert refused(str(MODEL), "--data", "nix://a/b", *new[3:]) == (
        "nix://a/b: cannot be read: Protocol not known: nix."
    )
    csv = tmp_path / "a.csv"
    csv.write_text("id,text\n1,bees\n")
    assert refused(str(MODEL), "--data", str(csv), *new[3:]) == (
        f"{csv}: is not read in parts (.csv), expected .jsonl or .ndjson (each also with .gz or "
        ".zst), or .parquet."
    )
    assert refused(*new[:3], "--out", "s3://bucket/answers") == (
        "s3://bucket/answers: is a URL, expected a place on this machine. Write it here, and copy "
        "it when it is finished."
    )
    assert refused(*new[:3], "--out", str(tmp_path)).startswith(
        f"{tmp_path}: is a directory with other files in it (it has no manifest.json)."
    )
    assert refused(*new, "--top-k", "2", "--threshold", "0.1") == (
        "--top-k and --threshold exclude each other; give one of them."
    )
    assert refused(*new, "--address", "127.0.0.1:1").startswith("--address 127.0.0.1:1: no Ray")
    assert not (tmp_path / "new").exists()


def test_messages_in_python(tmp_path: Path) -> None:
    data = write_archive(tmp_path / "a.jsonl", 3)
    out = tmp_path / "out"
    with pytest.raises(ConfigError, match="processes: got 0, expected 1 to 4,096"):
        score_archive(MODEL, [data], out, crew=Crew(0))
    with pytest.raises(ConfigError, match="partition: got 0, expected 1 or more documents"):
        score_archive(MODEL, [data], out, partition=0)
    with pytest.raises(ConfigError, match="there are no documents to score"):
        score_archive(MODEL, [], out)
    settings = ScorerSettings(model=MODEL, decoding={"top_k": 0})
    with pytest.raises(ValueError, match="top_k"):
        score_archive(settings, [data], out)
    assert not out.exists()


def test_without_ray(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Said) -> None:
    data = write_archive(tmp_path / "a.jsonl", 3)
    monkeypatch.setattr("harnn._optional.importlib.util.find_spec", lambda _name: None)
    with pytest.raises(MissingExtraError):
        Crew(1, "auto").check()
    assert score(data, tmp_path / "out", "--address", "auto") == 2
    assert capsys.readouterr().err == (
        "Error: Scoring on several machines needs the package 'ray', which is not installed: pip "
        "install 'harnn[ray]'\n"
    )


def test_two_scorers_of_one_place(tmp_path: Path) -> None:
    data = write_archive(tmp_path / "a.jsonl", 30)
    out = tmp_path / "out"
    errors = []

    def second(progress: ScoringProgress) -> None:
        if progress.state == "scoring" and progress.done == 10:
            command = [sys.executable, "-m", "harnn", "score", str(MODEL), "--data", str(data)]
            command += ["--out", str(out), "--resume", "--partition", "10"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            errors.append((done.returncode, done.stderr))

    score_archive(MODEL, [data], out, partition=10, listener=second)
    [(code, said)] = errors
    assert code == 2
    assert said.startswith(f"Error: {out}: is being written by process {os.getpid()} on ")
    assert answers_of(out) == predicted(data)


def test_a_killed_process_is_replaced(tmp_path: Path) -> None:
    data = write_archive(tmp_path / "a.jsonl", 60)
    out = tmp_path / "out"
    killed: list[int] = []

    def kill(progress: ScoringProgress) -> None:
        if progress.state == "scoring" and progress.done and len(killed) < 2:
            found = children_of_module("harnn.scoring.local")
            killed.append(found[0])
            os.kill(found[0], signal.SIGKILL)

    score_archive(MODEL, [data], out, partition=5, crew=Crew(2), listener=kill)
    assert len(killed) == 2
    assert answers_of(out) == predicted(data)


def test_documents_that_end_every_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = write_archive(tmp_path / "a.jsonl", 4)
    deadly = (
        "import os, harnn.scoring.local as local\n"
        "score = local.score_partition\n"
        "def deadly(scorer, partition, form):\n"
        "    return os._exit(7) if partition.part.line == 3 else score(scorer, partition, form)\n"
        "local.score_partition = deadly\n"
    )
    start = "import sys; sys.path[:] = {path!r}; " + f"exec({deadly!r}); "
    start += "from {module} import {name}; {name}()"
    monkeypatch.setattr("harnn.prediction.processes._START", start)
    with pytest.raises(WorkerError) as caught:
        score_archive(MODEL, [data], tmp_path / "out", partition=2, crew=Crew(2))
    assert str(caught.value) == (
        f"{data}:3 to 4: 3 processes ended over these documents; of the last: a process that "
        "answers documents ended too early. Where memory is short, take fewer workers: each holds "
        "the model."
    )
    score_archive(MODEL, [data], tmp_path / "out", partition=2, resume=True)
    assert answers_of(tmp_path / "out") == predicted(data)


def test_a_document_that_no_answer_is_made_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = write_archive(tmp_path / "a.jsonl", 6)
    wanted = predicted(data).splitlines()
    block = Scorer._block

    def failing(self: Scorer, documents: list[harnn.Document]) -> object:
        if any(document.id in ("d2", "d5") for document in documents):
            raise RuntimeError("no vector of this document")
        return block(self, documents)

    monkeypatch.setattr(Scorer, "_block", failing)
    out = tmp_path / "out"
    summary = score_archive(MODEL, [data], out)
    assert (summary.documents, summary.failed) == (4, 2)
    assert answers_of(out).splitlines() == [wanted[row] for row in (0, 1, 3, 4)]
    assert failures_of(out)[0] == {
        "where": f"{data}:3",
        "reason": "no vector of this document.",
        "id": "d2",
    }
    only = write_archive(tmp_path / "only.jsonl", 1, start=2)
    with pytest.raises(RuntimeError, match="no vector"):  # nothing is answered: not their fault
        score_archive(MODEL, [only], tmp_path / "only")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
@pytest.mark.parametrize("processes", ["1", "2"])
def test_ctrl_c_keeps_what_is_finished(tmp_path: Path, processes: str) -> None:
    data = write_archive(tmp_path / "a.jsonl", 20_000)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "harnn", "score", str(MODEL), "--data", str(data), "--out"]
    command += [str(out), "--partition", "100", "--processes", processes]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        while process.poll() is None and not (
            out.is_dir() and len(list(out.glob("answers/*"))) > 1
        ):
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    kept = f"What is finished is kept in {out}; repeat the command with --resume to go on."
    assert said == f"{kept}\nInterrupted.\n"
    assert not list(out.rglob("*.tmp"))
    assert not (out / "summary.json").exists()
    lines = len((out / "finished.jsonl").read_bytes().splitlines())
    assert lines <= len(list(out.glob("answers/*"))) <= lines + 1


def test_a_full_disk_is_one_sentence(tmp_path: Path) -> None:
    data = write_archive(tmp_path / "a.jsonl", 400)
    out = tmp_path / "out"
    command = [sys.executable, "-m", "harnn", "score", str(MODEL), "--data", str(data), "--out"]
    command += [str(out), "--top-k", "5"]

    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit)
    assert done.returncode == 2
    assert done.stderr.startswith(f"Error: {out}/answers/a.jsonl-")
    assert done.stderr.endswith("-00000.jsonl: cannot be written: File too large.\n")
    assert len(done.stderr.splitlines()) == 1
    assert list((out / "answers").iterdir()) == []


def test_strange_names(tmp_path: Path) -> None:
    names = ["中 文\n.jsonl", "..jsonl", "[a]*.jsonl", "a" * 200 + ".jsonl", "\udcff.jsonl"]
    for number, name in enumerate(names):
        write_archive(tmp_path / name, 2, start=2 * number)
    out = tmp_path / "out"
    summary = score_archive(MODEL, [tmp_path / name for name in names], out, resume=True)
    assert (summary.files, summary.documents) == (5, 10)
    found = [path.name for path in (out / "answers").iterdir()]
    assert all(name.isascii() and len(name) < 130 and not name.startswith(".") for name in found)
    again = score_archive(MODEL, [tmp_path / name for name in names], out, resume=True)
    assert again.kept_partitions == 5
    with pytest.raises(InputError, match="is no name of a file"):
        score_archive(MODEL, ["a\0b"], tmp_path / "other")


def test_what_stands_in_the_list_of_finished_leads_nowhere(tmp_path: Path) -> None:
    data = write_archive(tmp_path / "a.jsonl", 4)
    out = tmp_path / "out"
    score_archive(MODEL, [data], out, partition=2)
    precious = write_archive(tmp_path / "precious.jsonl", 1)
    line = json.loads((out / "finished.jsonl").read_text().splitlines()[0])
    size = precious.stat().st_size
    hostile = [
        json.dumps(line | {"name": "../../precious", "size": size}),
        json.dumps(line | {"documents": "many"}),
        "[" * 100_000,
        '{"name": ',
        "\udcff",
    ]
    with (out / "finished.jsonl").open("a", errors="surrogateescape") as file:
        file.write("\n".join(hostile))
    assert score_archive(MODEL, [data], out, partition=2, resume=True).kept_partitions == 2
    assert precious.exists()


def test_an_acceptance_files_answers(tmp_path: Path) -> None:
    files = sample("en")
    place = tmp_path / "acceptance.json"
    command = [
        "acceptance",
        str(MODEL),
        "--data",
        str(files.test),
        "--target",
        "0.6",
        "-o",
        str(place),
    ]
    assert run(command) == 0
    data = write_archive(tmp_path / "a.jsonl", 9)
    options = ["--acceptance", str(place)]
    assert score(data, tmp_path / "out", "--partition", "4", *options) == 0
    assert answers_of(tmp_path / "out") == predicted(data, ".jsonl", *options)
    assert b'"accepted"' in answers_of(tmp_path / "out")
