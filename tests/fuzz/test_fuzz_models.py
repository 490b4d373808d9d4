"""Damaged models, checkpoints and caches: refused in words, and never believed.

Every input comes from a seed, which a failure names. ``HARNN_FUZZ`` says how many there are.
"""

from __future__ import annotations

import faulthandler
import json
import random
import resource
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import harnn
from harnn.bundle import EpochRow
from harnn.config import TrainingConfig
from harnn.corpus import ArrayCache, Arrays, Corpus, Tokens, sparse_targets
from harnn.errors import BundleError, ConfigError, HarnnError, TrainingInterrupted
from harnn.network import HarnnNetwork
from harnn.taxonomy import Taxonomy
from harnn.training.checkpoint import FILE, Checkpoint, load_checkpoint, save_checkpoint
from harnn.training.checkpoint_checks import sha256_of
from harnn.training.loop import Trainer
from support.caches import seal
from support.model_mutations import mutate, mutate_json, number_of_mutations
from support.small_networks import shape_of

GOLDEN = Path(__file__).parents[1] / "golden" / "format-3"
UNSEALED = ["blend", "paper", "fast", "network", "blend-onnx", "network-onnx", "blend-int8"]
TEXTS = ["Willow pollen for the bees in the second hive", ""]
MOST_SECONDS = 60
MOST_MEGABYTES = 1_500
"""Of memory that damage may take in all."""


def shares() -> dict[str, int]:
    """How many inputs each of the tests tries."""
    every = number_of_mutations()
    return {"unsealed": every * 35 // 100, "sealed": every * 30 // 100, "other": every * 10 // 100}


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    """Fail on what hangs, and on what takes too much memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    faulthandler.cancel_dump_traceback_later()
    taken = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10
    assert taken < MOST_MEGABYTES


def damaged_models(homes: list[Path], number: int, place: Path) -> Iterator[tuple[Path, str]]:
    """Yield models of which one file is damaged, each with what it was."""
    for seed in range(number):
        chance = random.Random(seed)
        home = homes[seed % len(homes)]
        names = sorted(path.name for path in home.iterdir() if path.name != "README.md")
        name = chance.choice(names)
        content = (home / name).read_bytes()
        damaged = mutate(name, content, chance)
        if damaged == content:
            continue
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        for path in home.iterdir():
            if path.name != name:
                (place / path.name).symlink_to(path)
        (place / name).write_bytes(damaged)
        faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)
        yield place, f"seed {seed}: {home.name}/{name}"


def answer(model: Path) -> None:
    """Load a model and ask it; what it says must be an answer."""
    predictor = harnn.Predictor.load(model)
    scores = predictor.scores(TEXTS).values
    assert scores.shape == (len(TEXTS), len(predictor.taxonomy))
    assert np.isfinite(scores).all()
    for prediction in predictor.predict(TEXTS):
        assert all(0 <= label.score <= 1 for label in prediction.labels)


@pytest.mark.slow
def test_models_without_checksums(tmp_path: Path) -> None:
    homes = [GOLDEN / name for name in UNSEALED]
    refused = tried = 0
    for model, what in damaged_models(homes, shares()["unsealed"], tmp_path / "model"):
        tried += 1
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", RuntimeWarning)
                answer(model)
        except HarnnError:
            refused += 1
        except BaseException as error:
            raise AssertionError(what) from error
    assert refused > tried // 3


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Models as they are written now."""
    home = tmp_path_factory.mktemp("sealed")
    made = [
        harnn.save_bundle(harnn.load_bundle(GOLDEN / name), home / name)
        for name in ("blend", "fast", "network")
    ]
    light = harnn.export_onnx(made[0], home / "blend-onnx")
    return [*made, light, harnn.export_onnx(made[0], home / "blend-int8", int8=True)]


def test_models_with_checksums_notice_everything(sealed: list[Path], tmp_path: Path) -> None:
    originals = {home.name: home for home in sealed}
    for model, what in damaged_models(sealed, shares()["sealed"], tmp_path / "model"):
        try:
            harnn.load_bundle(model)
        except BundleError:
            continue
        except BaseException as error:
            raise AssertionError(what) from error
        # Blanks of the list of checksums are nobody's loss; all else must have been noticed.
        assert what.endswith("/checksums.json"), f"{what} was believed"
        assert json.loads((model / "checksums.json").read_bytes()) == json.loads(
            (originals[what.split()[-1].partition("/")[0]] / "checksums.json").read_bytes()
        ), f"{what} was believed"


def checkpoint() -> Checkpoint:
    generator = torch.Generator().manual_seed(0)
    tensors = {
        "weights/embedding.weight": torch.rand((20, 4), generator=generator),
        "best/embedding.weight": torch.rand((20, 4), generator=generator),
        "optimizer/0/exp_avg": torch.rand((20, 4), generator=generator),
        "optimizer/0/step": torch.tensor(3.0),
        "random/cpu": torch.random.get_rng_state(),
    }
    row = EpochRow(**dict.fromkeys(EpochRow.__annotations__, 1))
    counts = dict.fromkeys(("epoch", "batch", "steps", "documents", "tokens", "positions"), 3)
    numbers = dict.fromkeys(("loss", "seconds", "rate"), 0.5)
    progress = counts | numbers | {"history": [row.to_dict()]}
    return Checkpoint(tensors, {"progress": progress, "fingerprint": "0" * 64})


def is_same(found: Checkpoint, wanted: Checkpoint) -> bool:
    return (
        found.state == wanted.state
        and found.tensors.keys() == wanted.tensors.keys()
        and all(torch.equal(found.tensors[k], x) for k, x in wanted.tensors.items())
    )


def test_checkpoints(tmp_path: Path) -> None:
    wanted = checkpoint()
    content = save_checkpoint(wanted, tmp_path).read_bytes()
    assert is_same(load_checkpoint(tmp_path), wanted)
    for seed in range(shares()["other"]):
        (tmp_path / FILE).write_bytes(mutate(FILE, content, random.Random(seed)))
        faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)
        try:
            found = load_checkpoint(tmp_path)
        except BundleError:
            continue
        except BaseException as error:
            raise AssertionError(f"seed {seed}") from error
        # Read all the same: blanks of the header, or its hash itself.
        assert is_same(found, wanted), f"seed {seed}"


def small_trainer() -> tuple[Trainer[HarnnNetwork], Corpus]:
    """A network that learns from four documents."""
    taxonomy = Taxonomy.from_edges([("a", "ROOT"), ("b", "ROOT"), ("c", "a")])
    tokens = Tokens(np.arange(12, dtype=np.int32) % 6 + 1, np.arange(5) * 3, np.full(4, 3))
    targets = sparse_targets([np.array([number % 2], np.int32) for number in range(4)], 3)
    network = HarnnNetwork(
        shape_of("harnn", taxonomy.hierarchy.level_sizes, vocabulary_size=8), taxonomy.hierarchy
    )
    config = TrainingConfig(epochs=4, batch_size=2, precision="32")
    trainer = Trainer(network, taxonomy, config, fingerprint="0")
    return trainer, Corpus(tuple("abcd"), targets, {"tokens": tokens})


def mutate_checkpoint(
    found: Checkpoint, chance: random.Random
) -> tuple[dict[str, torch.Tensor], str]:
    """Change a value of the state, or a tensor: its name, type, shape or numbers, or lose it."""
    state, tensors = json.dumps(found.state), dict(found.tensors)
    if chance.random() < 0.4:
        return tensors, mutate_json(state.encode(), chance).decode()
    name = chance.choice(sorted(tensors))
    tensor = tensors.pop(name)
    kind = chance.randrange(7)
    if kind == 0:
        tensors[chance.choice([f"{name}x", "", "optimizer/x/step", "optimizer/9/y/z"])] = tensor
    elif kind == 1:
        types = (torch.float64, torch.int64, torch.bfloat16, torch.bool)
        tensors[name] = tensor.to(chance.choice(types))
    elif kind == 2:
        tensors[name] = tensor.reshape(-1)[: chance.randrange(tensor.numel() + 1)].clone()
    elif kind == 3:
        tensors[name] = tensor.unsqueeze(0)
    elif kind == 4:
        tensors[name] = tensor.clone().fill_(chance.choice([0, 1, 255]))
    elif kind == 5:
        tensors[name] = tensors[chance.choice(sorted(tensors))].clone()
    return tensors, state


def test_checkpoints_that_are_sealed_again(tmp_path: Path) -> None:
    """With the hash made anew, or none: refused in a sentence, or something to go on from."""
    trainer, corpus = small_trainer()
    trainer.checkpoint_directory = tmp_path
    steps = iter([False] * 5 + [True] * 9)
    with pytest.raises(TrainingInterrupted):
        trainer.train(corpus, corpus, stopped=lambda: next(steps))
    whole = load_checkpoint(tmp_path)
    said: list[str] = []
    tried = 0
    for seed in range(shares()["other"]):
        chance = random.Random(seed)
        tensors, state = mutate_checkpoint(whole, chance)
        metadata = {"format": "1", "state": state}
        if chance.random() < 0.5:
            metadata["sha256"] = sha256_of(tensors, state)
        save_file(tensors, tmp_path / FILE, metadata=metadata)
        tried += 1
        faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)
        again = small_trainer()[0]
        asked = iter([False, False])
        try:
            again.restore(load_checkpoint(tmp_path))
            again.train(corpus, corpus, stopped=lambda: next(asked, True))  # noqa: B023
        except (TrainingInterrupted, ConfigError):  # of another training, or one that diverges
            pass
        except BundleError as error:
            said.append(str(error))
        except BaseException as error:
            raise AssertionError(f"seed {seed}") from error
    assert tried // 3 < len(said) < tried
    assert all(str(tmp_path / FILE) in message for message in said)


def arrays_of_a_corpus() -> dict[str, np.ndarray]:
    tokens = Tokens(np.arange(30, dtype=np.int32), np.arange(11) * 3, np.full(10, 5))
    columns = [np.array([number % 4, 4], np.int32) for number in range(10)]
    ids = tuple(f"document {number}" for number in range(10))
    return Corpus(ids, sparse_targets(columns, 5), {"tokens": tokens}).to_arrays()


def restored(arrays: Arrays) -> Corpus:
    return Corpus.from_arrays(arrays, 5, word_count=30)


def test_caches(tmp_path: Path) -> None:
    wanted = arrays_of_a_corpus()
    first = tmp_path / "first"
    ArrayCache(first).get(["a"], lambda: wanted)
    (entry,) = (path for path in first.iterdir() if path.is_dir())
    files = sorted(path.relative_to(first) for path in first.rglob("*") if path.is_file())
    for seed in range(shares()["other"]):
        chance = random.Random(seed)
        home, name = tmp_path / "cache", chance.choice(files)
        shutil.rmtree(home, ignore_errors=True)
        shutil.copytree(first, home)
        path = home / name
        path.write_bytes(mutate(name.name, path.read_bytes(), chance))
        sealed = name.suffix == ".npy" and chance.random() < 0.5
        if sealed:
            seal(path.parent)
        faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)
        try:
            found = ArrayCache(home).get(["a"], lambda: wanted, check=restored)
            assert found is not None
            assert len(restored(found)) == 10
            if sealed:
                continue  # other values, but such as can be computed with
            assert found.keys() == wanted.keys()
            assert all(np.array_equal(found[key], wanted[key]) for key in wanted)
            assert all(found[key].dtype == wanted[key].dtype for key in wanted)
        except BaseException as error:
            raise AssertionError(f"seed {seed}: {entry.name}/{name}") from error


def test_arrays_that_nothing_vouches_for() -> None:
    """Without any hash: what is let through can be computed with."""
    wanted = arrays_of_a_corpus()
    for seed in range(shares()["other"]):
        chance = random.Random(seed)
        name = chance.choice(sorted(wanted))
        damaged = mutate("", wanted[name].tobytes(), chance)
        kind = wanted[name].dtype
        array = np.frombuffer(damaged[: len(damaged) // kind.itemsize * kind.itemsize], kind)
        faulthandler.dump_traceback_later(MOST_SECONDS, exit=True)
        try:
            corpus = Corpus.from_arrays(wanted | {name: array}, 5, word_count=30)
        except HarnnError:
            continue
        corpus.targets.check_format(full_check=True)
        assert corpus.label_counts.shape == (5,), f"seed {seed}"
        assert all(len(corpus.tokens.row(row)) >= 0 for row in range(len(corpus)))
