"""A run as tables, plain or in Markdown, in 中文 or English."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..language import Lang, language, say
from ..text import align
from .goals import Verdict, verdicts
from .machine import PACKAGES
from .peers import REFERENCE
from .results import Entry, Run, Timing
from .summary import speed, spread
from .workload import WORKLOADS

Row = tuple[str, ...]
HEADS = ("who", "step", "quartiles", "cpu", "speed", "start", "memory")
UNITS = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
GOAL_HEADS = ("workload", "who", "against", "goal", "measured", "verdict")


def text(run: Run, lang: str | None = None, markdown: bool = False) -> str:
    """All tables of a run, the goals, and what they were measured on and how.

    Parameters
    ----------
    run : Run
        What was measured.
    lang : {"zh", "en"}, optional
        Language of the headings.
    markdown : bool
        True: tables and headings in Markdown.
    """
    tongue = language(lang)
    parts = [workloads(run, tongue, markdown), summary(run, tongue, markdown), conditions(run, tongue)]
    return "\n\n".join([*(part for part in parts if part), machine(run, tongue)]) + "\n"


def workloads(run: Run, lang: Lang, markdown: bool) -> str:
    """A table for each workload."""
    return "\n\n".join(_workload(timing, run.clock, lang, markdown) for timing in run.timings)


def summary(run: Run, lang: Lang, markdown: bool) -> str:
    """The speeds of all workloads side by side, and the goals; what there is of them."""
    found, parts = verdicts(run), []
    if len(run.timings) > 1:
        parts.append(_section(say("bench.overview", lang), _overview_rows(run, lang), markdown))
    if found:
        parts.append(_section(say("bench.goals", lang), _goal_rows(found, lang), markdown))
    return "\n\n".join(parts)


def conditions(run: Run, lang: Lang) -> str:
    """Threads, rounds, and what the columns mean."""
    clock = say(f"bench.clock.{run.clock}", lang)
    return say("bench.conditions", lang, threads=run.threads, rounds=run.rounds, clock=clock)


def machine(run: Run, lang: Lang) -> str:
    """One line: the processor, the load, the versions."""
    found = run.machine
    others = "".join(f", {name} {found[name]}" for name in PACKAGES if name in found)
    others = others.replace(", ", "，") if lang == "zh" else others
    return say("bench.machine", lang, **found, after=found.get("load after", ""), others=others)


def _workload(timing: Timing, clock: str, lang: Lang, markdown: bool) -> str:
    """The table of a workload; peers without numbers are named below it, with the reason."""
    timed = [entry for entry in timing.entries if entry.status == "timed"]
    others = [entry for entry in timing.entries if entry.status != "timed"]
    heads = tuple(say(f"bench.{head}", lang) for head in HEADS)
    section = _section(
        f"{timing.workload}  {WORKLOADS[timing.workload].about(lang)}",
        [heads, *(_row(e, timing, clock, lang) for e in timed)],
        markdown,
    )
    bullet = "- " if markdown else ""
    reasons = [bullet + _reason(entry, lang) for entry in others]
    return "\n".join([section, *([""] if markdown and reasons else []), *reasons])


def _reason(entry: Entry, lang: Lang) -> str:
    """Why a peer has no numbers."""
    why = say(f"bench.{entry.status}", lang, message=_one_line(entry.message))
    return say("bench.reason", lang, who=_name(entry.peer, lang), why=why)


def _row(entry: Entry, timing: Timing, clock: str, lang: Lang) -> Row:
    wall = spread(entry.wall)
    return (
        _name(entry.peer, lang),
        duration(wall.median),
        f"{duration(wall.low)} – {duration(wall.high)}",
        duration(spread(entry.cpu).median),
        _relative(timing, entry.peer, clock),
        duration(entry.start),
        "" if entry.peak is None else f"{entry.peak:.0f} MB",
    )


def _overview_rows(run: Run, lang: Lang) -> list[Row]:
    """Speeds of all peers in all workloads, NumPy by hand being 1."""
    peers = [entry.peer for entry in run.timings[0].entries]
    head = ("", *(timing.workload for timing in run.timings))
    return [head, *((_name(p, lang), *(_relative(t, p, run.clock) for t in run.timings)) for p in peers)]


def _relative(timing: Timing, peer: str, clock: str) -> str:
    """Speed as in a table's cell; a dash if there is none."""
    entry, reference = timing.timed(peer), timing.timed(REFERENCE)
    return "–" if entry is None or reference is None else f"{speed(entry, reference, clock).median:.2f}"


def _goal_rows(found: Sequence[Verdict], lang: Lang) -> list[Row]:
    rows = [tuple(say(f"bench.{head}", lang) for head in GOAL_HEADS)]
    for verdict in found:
        goal = verdict.goal
        measured = "" if verdict.speed is None else f"× {verdict.speed.median:.2f}"
        names = _name(goal.who, lang), _name(goal.against, lang)
        rows.append((goal.workload, *names, f"× {goal.factor:.2f}", measured, _judged(verdict, lang)))
    return rows


def _judged(verdict: Verdict, lang: Lang) -> str:
    """Reached, or by how much not, or not measured."""
    key = "open" if verdict.speed is None else "reached" if verdict.reached else "short"
    return say(f"bench.{key}", lang, short=f"{100 * verdict.short:.2g}%")


def _name(peer: str, lang: Lang) -> str:
    return say(f"bench.{peer}", lang)


def _one_line(message: str, limit: int = 160) -> str:
    """The start of an error's text, without line breaks."""
    flat = " ".join(message.split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


# ---- forms ------------------------------------------------------------------------------------------


def duration(seconds: float) -> str:
    """Three digits and a unit.

    Examples
    --------
    >>> duration(3.14159e-5), duration(0.0123456), duration(1234.5)
    ('31.4 µs', '12.3 ms', '1230 s')
    """
    unit, size = next((pair for pair in UNITS if seconds >= pair[1]), UNITS[-1])
    value = float(f"{seconds / size:.3g}")
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f} {unit}"


def _section(heading: str, rows: Sequence[Row], markdown: bool) -> str:
    return f"## {heading}\n\n{in_markdown(rows)}" if markdown else "\n".join([heading, *align(list(rows))])


def in_markdown(rows: Sequence[Row]) -> str:
    """Rows as a table in Markdown; the first is the heading."""
    line: Callable[[Row], str] = lambda row: f"| {' | '.join(row)} |"  # noqa: E731
    head, *body = rows
    return "\n".join([line(head), "|" + "---|" * len(head), *map(line, body)])
