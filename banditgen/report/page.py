"""The report as one HTML file: no script, no request, one style sheet that its hash names. What others wrote is text in it."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import time
from collections.abc import Iterable, Sequence
from importlib import resources
from xml.etree.ElementTree import Element, SubElement, tostring

from banditgen import __version__
from banditgen._text import counted, printable
from banditgen.report import best, calibration, gantt, lineage, posteriors, regret, solved, spending, tradeoff, weights
from banditgen.report.chart import Chart
from banditgen.report.colours import variables
from banditgen.report.learned import Finding, learned
from banditgen.report.source import Source
from banditgen.report.svg import svg
from banditgen.report.table import Table, moment, rows
from banditgen.report.view import View

WIDE, NARROW = 1100.0, 330.0  # pixels, of the two drawings of each picture
MOST_ROWS = 300  # of a table
SEEDS = 8  # of replays in the report: it must not take long


@dataclasses.dataclass(frozen=True)
class Section:
    """A part of the report: sentences, and pictures with their tables."""

    key: str
    title: str
    findings: Sequence[Finding] = ()
    views: Sequence[View] = ()


def report(source: Source, extra: Sequence[Section] = ()) -> str:
    """The report of a history as an HTML document.

    Args:
        source: of it.
        extra: further sections, which come after the sentences.
    """
    told = views(source)
    shown = [view for view in told if not view.empty]
    own = [Section(view.key, view.chart.title, views=[view]) for view in shown]
    first = Section("learned", "What was learned", learned(source, calibration.held(source)))
    missing = [f"{view.chart.title.rstrip('?')}: {_lowered(view.chart.said)}" for view in told if view.empty]
    return page(f"What {source.strategy.name} learned", _about(source), [first, *extra, *own], missing)


def views(source: Source) -> list[View]:
    """What the report shows of a history, in its order."""
    return [
        posteriors.view(source),
        best.view(source),
        solved.view(source, seeds=SEEDS),
        regret.view(source),
        tradeoff.view(source),
        spending.view(source),
        gantt.view(source.history, task_type=source.task_type),
        weights.view(source),
        lineage.view(source),
        calibration.view(source),
    ]


def page(title: str, about: Sequence[str], sections: Sequence[Section], missing: Sequence[str] = ()) -> str:
    """An HTML document of these sections; `about` stands below its title, `missing` is what it does not show and why."""
    style = _style()
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    root = Element("html", {"lang": "en"})
    head = SubElement(root, "head")
    SubElement(head, "meta", {"charset": "utf-8"})
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    SubElement(head, "meta", {"http-equiv": "Content-Security-Policy", "content": policy})
    SubElement(head, "meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"})
    SubElement(head, "meta", {"name": "color-scheme", "content": "light dark"})
    SubElement(head, "meta", {"name": "referrer", "content": "no-referrer"})
    _say(head, "title", title)
    _say(head, "style", style)
    body = SubElement(root, "body")
    _say(body, "a", "Skip to what was learned", {"class": "skip", "href": f"#{sections[0].key if sections else 'end'}"})
    header = SubElement(body, "header")
    _say(header, "h1", title)
    for line in about:
        _say(header, "p", line)
    contents = SubElement(SubElement(header, "nav", {"aria-label": "Contents"}), "ul")
    main = SubElement(body, "main")
    for section in sections:
        _say(SubElement(contents, "li"), "a", section.title, {"href": f"#{section.key}"})
        _add_section(main, section)
    footer = SubElement(body, "footer", {"id": "end"})
    if missing:
        _say(footer, "p", "Not shown, for there is nothing to show yet:")
        for line in missing:
            _say(footer, "p", line)
    _say(footer, "p", f"Made by banditgen {__version__}; times are UTC. Nothing on this page leaves it, and it loads nothing.")
    return "<!doctype html>\n" + tostring(root, encoding="unicode", method="html")


def standing_alone(chart: Chart, width: float) -> str:
    """A chart as an SVG file of its own, with its style, light and dark."""
    root = svg(chart, width, alone=True)
    style = Element("style")
    style.text = _style()
    root.insert(0, style)
    return tostring(root, encoding="unicode")


def _style() -> str:
    return variables() + resources.files("banditgen.report").joinpath("style.css").read_text(encoding="utf-8")


def _about(source: Source) -> list[str]:
    log = source.log
    lines = [f"History: {getattr(source.history, 'url', 'in memory')}"]
    if len(log.created_at):
        begin, end = moment(float(log.created_at.min())), moment(float(log.created_at.max()))
        lines.append(
            f"{counted(len(log.created_at), 'result')} of {counted(len(source.arms), 'arm')} in {counted(len(source.races), 'race')}, "
            f"from {begin} to {end} UTC"
        )
    only = f", tasks of type {source.task_type} alone" if source.task_type else ""
    return [*lines, f"Strategy: {source.strategy.name}{only}. Report of {moment(time.time())} UTC"]


def _add_section(main: Element, section: Section) -> None:
    part = SubElement(main, "section", {"id": section.key, "aria-labelledby": f"{section.key}-title"})
    _say(part, "h2", section.title, {"id": f"{section.key}-title", "tabindex": "-1"})
    if section.findings:
        _add_findings(part, section.findings)
    for view in section.views:
        if view.about:
            _say(part, "p", view.about, {"class": "about"})
        if view.chart.panels:
            figure = SubElement(part, "figure")
            for kind, width in (("wide", WIDE), ("narrow", NARROW)):
                SubElement(figure, "div", {"class": kind}).append(svg(view.chart, width))
        if view.table:
            _add_table(part, view)
        if view.doubt:
            _say(part, "p", f"In doubt: {_lowered(view.doubt)}", {"class": "doubt"})


def _add_findings(part: Element, findings: Iterable[Finding]) -> None:
    listed = SubElement(part, "ul", {"class": "findings"})
    for finding in findings:
        kind = {True: "sure", False: "unsure", None: "plain"}[finding.sure]
        item = SubElement(listed, "li", {"class": kind})
        _say(item, "p", finding.sentence, {"class": "sentence"})
        for name, text in (("evidence", finding.evidence), ("doubt", finding.doubt)):
            if text:
                _say(item, "p", f"In doubt: {_lowered(text)}" if name == "doubt" else text, {"class": name})


def _add_table(part: Element, view: View) -> None:
    details = SubElement(part, "details")
    _say(details, "summary", f"Table: {_lowered(view.chart.title)}")
    place = SubElement(
        details, "div", {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": f"Table: {printable(view.chart.title)}"}
    )
    table = SubElement(place, "table")
    lines = rows(view.table)
    more = f" The first {MOST_ROWS:,} of {len(lines):,} rows; `banditgen.report` has all as a DataFrame." if len(lines) > MOST_ROWS else ""
    _say(table, "caption", f"{view.chart.title}.{more}")
    numeric = _numeric(view.table)
    head = SubElement(SubElement(table, "thead"), "tr")
    for column, number in zip(view.table.values(), numeric, strict=True):
        _say(head, "th", column.title, {"scope": "col"} | ({"class": "n"} if number else {}))
    body = SubElement(table, "tbody")
    for line in lines[:MOST_ROWS]:
        row = SubElement(body, "tr")
        for cell, number in zip(line, numeric, strict=True):
            _say(row, "td", cell, {"class": "n"} if number else {})


def _numeric(table: Table) -> list[bool]:
    return [any(isinstance(value, int | float) for value in column.values[:50]) for column in table.values()]


def _say(into: Element, tag: str, text: str, attributes: dict[str, str] | None = None) -> None:
    element = SubElement(into, tag, attributes or {})
    element.text = text if tag == "style" else printable(text)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
