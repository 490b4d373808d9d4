"""``harnn train`` in several processes: those that it starts, and those that others start."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from harnn.cli import run
from support.ranks import TAXONOMY, TRAIN, VALID
from support.tiny_encoder import make_tiny_encoder
from support.waiting import SECONDS, until

SMALL = [
    "--set", "text.vectors=random", "--set", "text.min_count=1", "--set", "model.text_vectors=off",
    "--set", "model.embedding_size=8", "--set", "model.lstm_size=8", "--set", "model.fc_size=8",
    "--set", "model.attention_size=8", "--set", "model.leave_out=off",
    "--set", "training.precision=32",
]  # fmt: skip
LONG = ["--set", "training.epochs=5000", "--set", "training.patience=5000"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("ranks")
    for name, documents in (("train", TRAIN), ("valid", VALID)):
        lines = [
            json.dumps({"id": x.id, "text": x.full_text, "labels": list(x.labels or ())})
            for x in documents
        ]
        (home / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (home / "taxonomy.json").write_text(TAXONOMY.to_json(), encoding="utf-8")
    return home


def train(home: Path, out: Path, *more: str) -> list[str]:
    files = [f"--{name}={home / name}.jsonl" for name in ("train", "valid")]
    return ["train", f"--taxonomy={home / 'taxonomy.json'}", *files, f"--out={out}", *SMALL, *more]


def started(
    arguments: list[str], log: Path, *, module: bool = True, **environment: str
) -> subprocess.Popen[str]:
    command = [sys.executable, *(["-m", "harnn"] if module else []), *arguments]
    with log.open("w") as stream:
        return subprocess.Popen(
            command,
            stdout=stream,
            stderr=stream,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"} | environment,
            start_new_session=True,
        )


def launched(
    arguments: list[str], logs: Path, other: list[str] | None = None, *, module: bool = True
) -> list[subprocess.Popen[str]]:
    """Start two ranks as torchrun does; other: arguments of rank 1, where these differ."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    place = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return [
        started(
            given,
            logs / f"rank-{rank}",
            module=module,
            **place,
            RANK=str(rank),
            LOCAL_RANK=str(rank),
        )
        for rank, given in enumerate([arguments, other or arguments])
    ]


def followers(process: subprocess.Popen[str]) -> list[int]:
    text = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text()
    return [int(x) for x in text.split()]


def environment(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(line.split("=", 1) for line in lines if "=" in line)


def is_there(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.parametrize("share", ["on", "off"])
def test_ranks_that_are_launched_make_the_model_of_one(
    home: Path, tmp_path: Path, share: str
) -> None:
    epochs = ["--set", "training.epochs=2", "--set", f"training.share_labels={share}"]
    assert run(train(home, tmp_path / "one", *epochs)) == 0
    nowhere = train(
        tmp_path / "not" / "there", tmp_path / "nothing", f"--config={tmp_path}/no.toml"
    )
    ranks = launched(train(home, tmp_path / "two", *epochs), tmp_path, nowhere)
    codes = [rank.wait(SECONDS) for rank in ranks]
    assert (codes, (tmp_path / "rank-1").read_text()) == ([0, 0], "")
    said = (tmp_path / "rank-0").read_text()
    assert ("each of 2 processes holds some of 6 labels" in said) == (share == "on")
    assert not (tmp_path / "nothing").exists()
    one, two = (load_file(tmp_path / x / "model.safetensors") for x in ("one", "two"))
    assert one.keys() == two.keys()
    linear = [name for name in one if name.startswith(("linear", "ngrams"))]
    assert linear
    for name in linear:
        assert np.array_equal(one[name], two[name])
    for name in one:
        np.testing.assert_allclose(one[name], two[name], atol=1e-4)


LEAVES = """
from pathlib import Path
from harnn.training import Ranks, follow
with Ranks.launched() as ranks:
    import torch._dynamo  # as the first optimizer does
    if not ranks.leads:
        follow(ranks)
names = [(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()]
print([x for x in names if "gloo" in x])
"""


@pytest.mark.slow
def test_no_thread_outlives_the_ranks(tmp_path: Path) -> None:
    ranks = launched(["-c", LEAVES], tmp_path, module=False)
    codes = [rank.wait(SECONDS) for rank in ranks]
    said = [(tmp_path / f"rank-{rank}").read_text() for rank in range(2)]
    assert (codes, said) == ([0, 0], ["[]\n", "[]\n"])


@pytest.mark.slow
def test_ctrl_c_ends_all_and_keeps_the_checkpoint(home: Path, tmp_path: Path) -> None:
    log, out = tmp_path / "log", tmp_path / "model"
    process = started(train(home, out, "--processes", "2", *LONG), log)
    until(lambda: "epoch   2" in log.read_text())
    others = followers(process)
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == 130
    assert len(others) == 1
    until(lambda: not is_there(others[0]))
    said = log.read_text()
    assert "Error: Training stopped at step " in said
    assert "repeat the command with --resume to go on." in said
    assert "Traceback" not in said
    assert sorted(x.name for x in out.iterdir()) == ["checkpoint"]


@pytest.mark.slow
@pytest.mark.parametrize("killed", ["follower", "leader"])
def test_a_killed_process_ends_all(home: Path, tmp_path: Path, killed: str) -> None:
    log, out = tmp_path / "log", tmp_path / "model"
    process = started(train(home, out, "--processes", "2", *LONG), log)
    until(lambda: "epoch   2" in log.read_text())
    (other,) = followers(process)
    os.kill(other if killed == "follower" else process.pid, signal.SIGKILL)
    code = process.wait(SECONDS)
    until(lambda: not is_there(other))
    said = log.read_text()
    assert "Traceback" not in said
    assert not (out / "config.json").exists()
    assert (out / "checkpoint" / "checkpoint.safetensors").exists()
    if killed == "leader":
        assert code == -signal.SIGKILL
        assert "Error" not in said
    else:
        assert code == 3
        start = f"Error: Rank 1 of the training (process {other}) was killed by signal 9. Training "
        assert said.count(start) == said.count("Error") == 1


@pytest.mark.slow
@pytest.mark.parametrize("share", ["on", "off"])
def test_torchrun_ends_when_a_rank_is_killed(home: Path, tmp_path: Path, share: str) -> None:
    out, log = tmp_path / "model", tmp_path / "log"
    arguments = train(home, out, *LONG, "--set", f"training.share_labels={share}")
    ranks = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, *ranks, "-m", "harnn", *arguments],
            stdout=stream,
            stderr=stream,
            text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
    until(lambda: "epoch   2" in log.read_text())
    both = followers(process)
    os.kill(next(x for x in both if environment(x).get("RANK") == "1"), signal.SIGKILL)
    assert process.wait(SECONDS) == 1  # torchrun's own
    assert not any(is_there(x) for x in both)
    said = log.read_text()
    # torchrun may have told rank 0 to stop before that missed the other.
    lost = "Error: A process of the training ended or did not answer: rank 0 of 2"
    assert lost in said or "Error: Training stopped at step" in said
    assert "harnn/training" not in said  # no traceback of ours
    assert not (out / "config.json").exists()
    assert (out / "checkpoint" / "checkpoint.safetensors").exists()
    assert not list((out / "checkpoint").glob("*.tmp"))


@pytest.mark.slow
def test_a_launched_rank_that_is_killed_ends_the_other(home: Path, tmp_path: Path) -> None:
    ranks = launched(train(home, tmp_path / "model", *LONG), tmp_path)
    until(lambda: "epoch   2" in (tmp_path / "rank-0").read_text())
    ranks[0].kill()
    assert [rank.wait(SECONDS) for rank in ranks] == [-signal.SIGKILL, 3]
    said = (tmp_path / "rank-1").read_text()
    start = "Error: A process of the training ended or did not answer: rank 1 of 2 (from 0) lost it"
    assert said.strip() == f"{start}. Rank 0 says what is kept."


def test_what_cannot_be_given(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(train(home, tmp_path / "model", "--folds", "2", "--processes", "2")) == 2
    assert (
        "--folds: cannot be given where several processes train. Leave --processes, --address and "
        "torchrun out." in capsys.readouterr().err
    )
    place = {"RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "1"}
    for name, value in place.items():
        monkeypatch.setenv(name, value)
    assert run(train(home, tmp_path / "model", "--processes", "2")) == 2
    assert (
        "--processes: got 2, but torchrun has started several processes already. Leave it out, or "
        "start harnn by itself." in capsys.readouterr().err
    )
    assert run(train(home, tmp_path / "model", "--processes", "0")) == 2
    assert not (tmp_path / "model").exists()


@pytest.mark.slow
def test_launched_ranks_share_the_reading_of_whole_texts(home: Path, tmp_path: Path) -> None:
    encoder = make_tiny_encoder(tmp_path / "encoder")
    more = [
        *("--set", "model.branches=linear", "--set", "model.text_vectors=on"),
        *("--set", f"text.text_encoder={encoder}"),
    ]
    assert run(train(home, tmp_path / "one", *more)) == 0
    ranks = launched(train(home, tmp_path / "two", *more), tmp_path)
    codes = [rank.wait(SECONDS) for rank in ranks]
    assert (codes, (tmp_path / "rank-1").read_text()) == ([0, 0], "")
    said = (tmp_path / "rank-0").read_text()
    assert "2 processes share the training of linear, text_vectors" in said
    one, two = (load_file(tmp_path / x / "model.safetensors") for x in ("one", "two"))
    assert one.keys() == two.keys()
    for name in one:
        assert np.array_equal(one[name], two[name]), name
