"""One line a figure: what was measured, and how it stands to its baseline and its target."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the table."""

    what: str
    measured: str
    baseline: str
    ratio: float | None = None
    target: str = ""
    reached: bool | None = None


def at_least(what: str, measured: str, baseline: str, ratio: float, target: float) -> Line:
    """Give a line whose ratio must not be below its target."""
    return Line(what, measured, baseline, ratio, f"≥ {target:.2f}", ratio >= target)


def table(lines: list[Line]) -> str:
    """Draw the table in Markdown."""
    rows = ["| what | measured | baseline | ratio | target | |", "| --- | --- | --- | --- | --- | --- |"]
    for line in lines:
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
        mark = {True: "reached", False: "**missed**", None: ""}[line.reached]
        rows.append(f"| {line.what} | {line.measured} | {line.baseline} | {ratio} | {line.target} | {mark} |")
    return "\n".join(rows)
