"""What a server is put through, each against a process of its own."""

from __future__ import annotations

import asyncio
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil  # type: ignore[import-untyped]

import harnn
from serving.client import Seen, connect, load, request_of

_READY = re.compile(r"on http://([\d.]+):(\d+)")
_COUNTED = re.compile(r"POST /v1/predict 200 ")


@dataclass
class Server:
    """A server in a process of its own."""

    process: subprocess.Popen[bytes]
    address: tuple[str, int]
    log: Path

    def answered(self) -> int:
        """Count the requests that its log says were answered."""
        return len(_COUNTED.findall(self.log.read_text("utf-8")))

    def memory(self) -> float:
        """Return the resident memory of all its processes, in MB."""
        own = psutil.Process(self.process.pid)
        return float(sum(each.memory_info().rss for each in (own, *own.children(True))) / 1e6)

    def cpu_seconds(self) -> float:
        """Return the processor time of all its processes so far."""
        own = psutil.Process(self.process.pid)
        times = [each.cpu_times() for each in (own, *own.children(True))]
        return float(sum(each.user + each.system for each in times))


@contextmanager
def serving(model: Path, *options: str) -> Iterator[Server]:
    """Run a server of a model."""
    with tempfile.TemporaryDirectory() as place:
        log = Path(place) / "log"
        command = [sys.executable, "-m", "harnn", "serve", str(model), "--port", "0", *options]
        with log.open("wb") as errors:
            process = subprocess.Popen(command, stderr=errors)
        try:
            yield Server(process, _wait(process, log), log)
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(120)


def _wait(process: subprocess.Popen[bytes], log: Path) -> tuple[str, int]:
    while process.poll() is None:
        found = _READY.search(log.read_text("utf-8"))
        if found:
            return found[1], int(found[2])
        time.sleep(0.1)
    raise SystemExit(f"The server did not start:\n{log.read_text('utf-8')}")


def requests_for(address: tuple[str, int], texts: Sequence[str], each: int) -> list[bytes]:
    """Return a request for every *each* texts."""
    host = f"{address[0]}:{address[1]}"
    return [request_of(host, texts[at : at + each]) for at in range(0, len(texts), each)]


def throughput(
    model: Path, texts: Sequence[str], *, each: int, clients: int, seconds: float, workers: int
) -> dict[str, Any]:
    """Documents a second under load, and how long answers take."""
    with serving(model, "--workers", str(workers)) as server:
        asked = requests_for(server.address, texts, each)
        asyncio.run(load(server.address, asked, each, clients=clients, seconds=2))  # warm
        spent, start = server.cpu_seconds(), time.perf_counter()
        seen = asyncio.run(load(server.address, asked, each, clients=clients, seconds=seconds))
        wall, spent = time.perf_counter() - start, server.cpu_seconds() - spent
    p50, p99 = np.percentile(seen.seconds, [50, 99]) if seen.seconds else (0.0, 0.0)
    return {
        "documents_a_request": each,
        "workers": workers,
        "clients": clients,
        "requests": len(seen.seconds),
        "documents_a_second": seen.documents / wall,
        "documents_a_cpu_second": seen.documents / spent,
        "p50_ms": 1_000 * float(p50),
        "p99_ms": 1_000 * float(p99),
        "statuses": seen.statuses,
        "broken": seen.broken,
    }


def alone(model: Path, texts: Sequence[str]) -> dict[str, float]:
    """Documents a second of ``Predictor.predict`` on the same documents, in this process."""
    predictor = harnn.Predictor.load(model)
    predictor.tune_process()
    predictor.predict(texts[:64])
    start, spent = time.perf_counter(), time.process_time()
    predictor.predict(texts)
    wall, spent = time.perf_counter() - start, time.process_time() - spent
    return {
        "documents_a_second": len(texts) / wall,
        "documents_a_cpu_second": len(texts) / spent,
    }


def burst(model: Path, texts: Sequence[str], *, requests: int, waiting: int) -> dict[str, Any]:
    """Many requests at once, more than may wait: each is answered or refused, and none hangs."""

    async def all_at_once(address: tuple[str, int]) -> Seen:
        seen = Seen()
        asked = requests_for(address, texts, 1)
        connections = [await connect(address) for _ in range(requests)]

        async def one(number: int) -> None:
            start = time.perf_counter()
            status, _ = await connections[number].ask(asked[number % len(asked)])
            seen.answered(status, time.perf_counter() - start, 1)

        await asyncio.gather(*(one(number) for number in range(requests)))
        return seen

    with serving(model, "--max-waiting", str(waiting)) as server:
        start = time.perf_counter()
        seen = asyncio.run(asyncio.wait_for(all_at_once(server.address), 120))
        wall = time.perf_counter() - start
        after = asyncio.run(
            load(server.address, requests_for(server.address, texts, 1), 1, clients=1, seconds=1)
        )
    return {
        "requests": requests,
        "waiting": waiting,
        "statuses": seen.statuses,
        "seconds": wall,
        "statuses_afterwards": after.statuses,
    }


def stop_under_load(
    model: Path, texts: Sequence[str], *, clients: int, workers: int
) -> dict[str, Any]:
    """SIGTERM while clients ask: whatever the server answered has arrived."""

    async def stopped(server: Server) -> Seen:
        asked = requests_for(server.address, texts, 1)
        asking = asyncio.create_task(load(server.address, asked, 1, clients=clients, seconds=60))
        await asyncio.sleep(3)
        server.process.send_signal(signal.SIGTERM)
        return await asking

    with serving(model, "--workers", str(workers)) as server:
        start = time.perf_counter()
        seen = asyncio.run(stopped(server))
        code = server.process.wait(120)
        wall = time.perf_counter() - start - 3
        answered = server.answered()
    return {
        "workers": workers,
        "answered_by_the_server": answered,
        "answers_that_arrived": seen.statuses.get(200, 0),
        "lost": answered - seen.statuses.get(200, 0),
        "other_statuses": {k: v for k, v in seen.statuses.items() if k != 200},
        "sent_on_connections_being_closed": seen.broken,
        "exit_code": code,
        "seconds_to_stop": wall,
    }


def memory(model: Path, texts: Sequence[str], *, requests: int, clients: int) -> dict[str, Any]:
    """Resident memory after each tenth of the requests."""
    with serving(model) as server:
        asked = requests_for(server.address, texts, 1)
        points = [server.memory()]
        for _ in range(10):
            some = requests // 10
            asyncio.run(load(server.address, asked, 1, clients=clients, seconds=600, most=some))
            points.append(server.memory())
    return {"requests": requests, "mb": [round(point, 1) for point in points]}


def swap_under_load(
    model: Path, other: Path, texts: Sequence[str], *, clients: int, workers: int
) -> dict[str, Any]:
    """Replace the model directory while clients ask: no error, and the other model answers."""

    async def swapped(server: Server, place: Path) -> Seen:
        asked = requests_for(server.address, texts, 1)
        asking = asyncio.create_task(
            load(server.address, asked, 1, clients=clients, seconds=20, keep=True)
        )
        await asyncio.sleep(5)
        new = place.with_name("new")
        shutil.copytree(other, new)
        old = place.with_name("old")
        place.rename(old)
        new.rename(place)
        return await asking

    with tempfile.TemporaryDirectory() as home:
        place = Path(home) / "model"
        shutil.copytree(model, place)
        with serving(place, "--workers", str(workers)) as server:
            seen = asyncio.run(swapped(server, place))
    versions: dict[str, int] = {}
    for body in seen.bodies:
        found = re.search(rb'"version": "(\w+)"', body)
        version = found[1].decode() if found else "?"
        versions[version] = versions.get(version, 0) + 1
    return {
        "workers": workers,
        "statuses": seen.statuses,
        "broken": seen.broken,
        "answers_by_version": versions,
    }
