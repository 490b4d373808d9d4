"""A trained model from loading to answers, all branches; prints one line of JSON.

    python model.py DIRECTORY

Apart from the other measurements, because it must not import torch before the model does.
"""

from __future__ import annotations

import json
import resource
import statistics
import sys
import time


def measure(directory: str) -> dict[str, float]:
    """Seconds to load and to the first answer, latency of one short text, texts per second."""
    from harnn import Predictor
    from harnn.sample import sample

    started = time.perf_counter()
    predictor = Predictor.load(directory)
    predictor.tune_process()
    loaded = time.perf_counter()
    with sample("en").test.open(encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    texts = [text if isinstance(text, str) else " ".join(text.values()) for text in texts]
    predictor.predict(texts[:1])
    first = time.perf_counter()
    milliseconds = []
    for number in range(530):
        begun = time.perf_counter()
        predictor.predict([texts[number % len(texts)]])
        if number >= 30:
            milliseconds.append(1e3 * (time.perf_counter() - begun))
    many = (texts * (2_000 // len(texts) + 1))[:2_000]
    rates = []
    for _ in range(5):
        begun = time.perf_counter()
        predictor.predict(many)
        rates.append(len(many) / (time.perf_counter() - begun))
    quantiles = statistics.quantiles(milliseconds, n=100)
    return {
        "load_seconds": loaded - started,
        "first_seconds": first - loaded,
        "p50_ms": quantiles[49],
        "p99_ms": quantiles[98],
        "documents_per_second": statistics.median(rates),
        "torch": float("torch" in sys.modules),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1])))
