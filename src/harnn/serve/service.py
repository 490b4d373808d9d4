"""The service that all routes speak for: models, their queue, their limits. It knows no HTTP."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TypeVar, Unpack, cast

import numpy as np
from numpy.typing import NDArray

from harnn import review
from harnn.acceptance import Acceptance
from harnn.answers import Prediction
from harnn.data import Document
from harnn.decode import DecodeOptions
from harnn.errors import ConfigError, HarnnError
from harnn.explain import Explanation
from harnn.serve.accepting import Acceptances
from harnn.serve.lane import Answered, Job, Lane, count_characters
from harnn.serve.logs import LOG
from harnn.serve.metrics import Metrics
from harnn.serve.models import Models, ServedModel
from harnn.serve.problems import RequestError, refused
from harnn.serve.settings import ServeSettings
from harnn.watching import Block

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers, and which model gave them."""

    model: ServedModel
    predictions: list[Prediction]
    scores: NDArray[np.float32]
    """(N, C): of all labels, as the predictions show them."""


class Service:
    """Loaded models that answer requests; to be closed."""

    def __init__(self, settings: ServeSettings) -> None:
        """Open the database, where there is one, and load the models.

        Raises:
            DatabaseError, MissingExtraError: see :meth:`harnn.review.Corrections.open`.
            BundleError, ConfigError, DocumentError: see :class:`harnn.serve.models.Models`.
        """
        self.settings = settings
        place = settings.database
        with ExitStack() as opened:
            self.database = None if place is None else review.Database.open(place)
            """What people say of answers; None: nothing of it is kept. It waits for the disk: use
            ``asyncio.to_thread``."""
            if self.database is not None:
                opened.callback(self.database.close)
            self._acceptances = Acceptances(settings.acceptance_places)
            self.models = Models(
                settings.models, settings.examples, settings.threshold_places, settings.fixes
            )
            opened.pop_all()
        self.metrics = Metrics()
        for model in self.models:
            self.metrics.serves(model)
        self._lane = Lane(settings.limits, self.metrics)
        self.closing = False
        """Whether it takes no new requests, being about to stop."""

    async def predict(
        self, model: str | None, documents: Sequence[Document], **options: Unpack[DecodeOptions]
    ) -> Answers:
        """Answer documents, in their order; model: None for the first.

        *options*: see :meth:`harnn.Predictor.predict`.

        Raises:
            RequestError: no such model (404), more than is taken (422), options that it cannot do
                (422), too much waits (503), too slow (504).
        """
        served = self._asked(model, documents, options)
        if not documents:
            return Answers(served, [], np.empty((0, len(served.predictor.taxonomy)), np.float32))
        most = self.settings.limits.labels
        watch = partial(self._watch, served)
        job = Job(served.name, served.predictor, documents, options, most, watch=watch)
        return Answers(served, *cast(Answered, await self._lane.ask(job)))

    async def explain(
        self, model: str | None, document: Document, **options: Unpack[DecodeOptions]
    ) -> tuple[ServedModel, Explanation]:
        """Say why the labels of a document are predicted; see :meth:`predict`."""
        served = self._asked(model, [document], options)
        most = self.settings.limits.explained
        explain = partial(
            served.predictor.explain,
            document,
            examples=served.examples,
            most_labels=most,
            **options,
        )
        found = await self.compute(served, [document], explain)
        return served, found

    async def compute(
        self, served: ServedModel, documents: Sequence[Document], act: Callable[[], T]
    ) -> T:
        """Return what *act* makes of documents, in the thread in which models compute.

        Raises:
            RequestError: too much waits (503), or it took too long (504).
        """
        most = self.settings.limits.labels
        job = Job(served.name, served.predictor, documents, {}, most, alone=act)
        return cast(T, await self._lane.ask(job))

    async def when_free(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Return what is asked for; where too much waits, wait too, as long as requests may take.

        Raises:
            RequestError: too much waits all that time (503), or what *ask* raises.
        """
        end = time.monotonic() + self.settings.limits.seconds
        while True:
            try:
                return await ask()
            except RequestError as error:
                if error.status != 503 or self.closing or time.monotonic() > end:
                    raise
            await asyncio.sleep(0.5)

    def kept(self) -> review.Corrections:
        """Return where corrections are kept.

        Raises:
            RequestError: nowhere (403).
        """
        return review.Corrections(self._database("corrections"))

    def review_of(self, served: ServedModel) -> review.Review:
        """Return the documents of a model that people read.

        Raises:
            RequestError: they are kept nowhere (403).
        """
        return review.Review(self.kept_for_review(), served.predictor.taxonomy, served.name)

    def kept_for_review(self) -> review.Database:
        """Return where documents are kept that people read.

        Raises:
            RequestError: nowhere (403).
        """
        return self._database("documents to review")

    def acceptance_of(self, served: ServedModel) -> Acceptance | None:
        """Return what may be accepted of a model's answers; None: nothing was given."""
        return self._acceptances.get(served.name)

    def policies_of(self, served: ServedModel) -> review.Policies:
        """Return what is accepted of a model's answers.

        Raises:
            RequestError: nothing can be: no acceptance was given, or one of another model (409).
        """
        acceptance = self.acceptance_of(served)
        if acceptance is None:
            detail = (
                "This server knows no curves of its model; make them with harnn acceptance, and "
                "give the file to harnn serve (--acceptance)."
            )
            raise RequestError(409, detail)
        kept = self.kept_for_review()
        try:
            return review.Policies(kept, served.predictor.taxonomy, served.state, acceptance)
        except ConfigError as error:
            raise RequestError(409, str(error)) from None

    def _database(self, what: str) -> review.Database:
        if self.database is None:
            detail = f"This server keeps no {what}; whoever runs it can say where (--database)."
            raise RequestError(403, detail)
        return self.database

    def count_waiting(self) -> None:
        """Count the documents that wait for others to be counted with."""
        for served in self.models:
            self.metrics.counted(served, served.window.flush(), asked=True)

    def _watch(self, served: ServedModel, block: Block) -> None:
        """Count documents; whatever happens, they are answered."""
        try:
            self.metrics.counted(served, served.window.add(block))
        except Exception as error:
            LOG.error("Figures of documents cannot be counted: %s", type(error).__name__)

    async def reload(self, name: str) -> tuple[ServedModel, ServedModel]:
        """Load a model again while requests go on; see :meth:`harnn.serve.models.Models.reload`."""
        old, new = await asyncio.to_thread(self.models.reload, name)
        if new is not old:
            self.metrics.serves(new, old)
            try:
                self._acceptances.check(name, new.hash, new.predictor.taxonomy)
            except ConfigError as error:
                LOG.warning("%s: nothing is accepted any more: %s", name, error)
        return old, new

    def close(self) -> None:
        """Answer what waits, and end."""
        self.closing = True
        self._lane.close()
        if self.database is not None:
            self.database.close()

    def _asked(
        self, model: str | None, documents: Sequence[Document], options: DecodeOptions
    ) -> ServedModel:
        """Return the model that is asked, which can do what is asked of it."""
        served = self.models.get(model)
        self.check(documents)
        try:
            served.predictor.bundle.decoder.with_options(**options)
        except (HarnnError, ValueError) as error:
            raise refused(error) from None
        return served

    def check(self, documents: Sequence[Document]) -> None:
        """Check what is said of documents against the limits.

        Raises:
            RequestError: they are too many or too long (422); every one of them is named.
        """
        limits = self.settings.limits
        if len(documents) > limits.documents:
            detail = (
                f"Got {len(documents):,} documents, at most {limits.documents:,} are taken in a "
                "request."
            )
            raise RequestError(422, detail, reason="too_many_documents")
        long = [
            f"document {document.id!r}: {count:,} characters, at most {limits.characters:,} are "
            "taken."
            for document in documents
            if (count := count_characters(document)) > limits.characters
        ]
        if long:
            raise RequestError(422, long[0], long[1:] and long, reason="text_too_long")
