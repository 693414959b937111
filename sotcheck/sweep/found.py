"""What a journal has of a sweep: of each point the place of its record, and no number in memory."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from sotcheck.errors import SotcheckError
from sotcheck.numerics.arrays import Index
from sotcheck.sweep.journal import Journal
from sotcheck.sweep.plan import Plan
from sotcheck.sweep.worker import Chunk, failed

#: Chunks kept as they were read: slabs share some.
SHARED = 4


class DamagedError(SotcheckError):
    """A record is not there any more, or not as it was."""


class Found:
    """The points of a sweep that a journal has."""

    def __init__(self, plan: Plan, journal: Journal) -> None:
        self.plan, self.journal = plan, journal
        self._chunk = lru_cache(SHARED)(self._read)
        self.look()

    def look(self) -> None:
        """Go through the whole journal; records that say nothing of this sweep count as damaged.

        A point that is there twice has the same numbers twice.
        """
        #: Where the record of each point begins, -1 where there is none.
        self.at = np.full(self.plan.size, -1)
        self._chunk.cache_clear()
        for start, record in self.journal.records():
            try:
                self.at[Chunk.from_record(record, self.plan.size).indices] = start
            except ValueError:
                self.journal.damaged += 1

    def keep(self, chunk: Chunk) -> None:
        """Put a chunk into the journal."""
        self.at[chunk.indices] = self.journal.append(chunk.to_record())

    @property
    def missing(self) -> Index:
        """The points of which nothing is known."""
        return np.flatnonzero(self.at < 0)

    def known(self, points: range) -> Chunk:
        """Return what is known of points that follow one another, or raise a DamagedError."""
        found, starts = failed(points), self.at[points.start : points.stop]
        left = len(points)
        for start in np.unique(starts).tolist():
            chunk = self._chunk(start)
            places = np.array(chunk.indices) - points.start
            here = np.flatnonzero((places >= 0) & (places < len(points)))
            here = here[starts[places[here]] == start]
            left -= len(here)
            found.values[places[here]] = chunk.values[here]
            for place, one in zip(places[here].tolist(), here.tolist(), strict=True):
                found.errors[place], found.warnings[place] = chunk.errors[one], chunk.warnings[one]
        if left:
            raise DamagedError
        return found

    def _read(self, start: int) -> Chunk:
        record = self.journal.record(start) if start >= 0 else None
        try:
            return Chunk.from_record(record or {}, self.plan.size)
        except ValueError:
            raise DamagedError from None
