"""Measuring on a noisy machine: short slices of each case in turn, and ratios of medians."""

import statistics
import time
from collections.abc import Callable
from typing import Final

SLICE_SECONDS: Final = 0.05
ROUNDS: Final = 40

Work = Callable[[int], None]
"""Does the work that many times."""


def seconds_each(cases: dict[str, Work], *, rounds: int = ROUNDS) -> dict[str, float]:
    """Time cases against each other.

    Args:
        cases: by name.
        rounds: slices of each.

    Returns:
        Seconds for one go of each case: the median over the slices.
    """
    times = {name: _calibrate(work) for name, work in cases.items()}
    slices: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, work in cases.items():
            goes = max(1, int(SLICE_SECONDS / times[name]))
            start = time.perf_counter()
            work(goes)
            slices[name].append((time.perf_counter() - start) / goes)
    return {name: statistics.median(samples) for name, samples in slices.items()}


def _calibrate(work: Work) -> float:
    goes = 1
    while True:
        start = time.perf_counter()
        work(goes)
        spent = time.perf_counter() - start
        if spent > SLICE_SECONDS / 5:
            return spent / goes
        goes *= 4
