"""By which way a drug goes in: as charted, else as the product can only be given."""

from __future__ import annotations

from typing import Any

from fhir_mappings.chart import Chart
from fhir_mappings.code_systems import plain
from fhir_mappings.dosage import Note
from fhir_mappings.facts import Route
from fhir_mappings.meanings import DrugCode, RouteName
from fhir_mappings.resources import codings, texts_of


def settle_route(concept: Any, code: DrugCode, chart: Chart, note: Note) -> tuple[Route, bool]:
    """The charted route, else the product's; and whether what is charted was understood."""
    route = read_route(concept, chart)
    if Route.UNSPECIFIED not in (route, code.route) and route is not code.route:
        note("route-conflict", value=f"{route} for {code.product}")
    route = code.route if route is Route.UNSPECIFIED else route
    understood = route is not Route.UNSPECIFIED or not _says(concept)
    if not understood:
        note("route-not-understood", value=next(iter(texts_of(concept)), ""))
    return route, understood


def read_route(concept: Any, chart: Chart) -> Route:
    """The route by code, else by exact text; unspecified where neither is known."""
    meaning = chart.book.meaning(concept)
    if isinstance(meaning, RouteName):
        return meaning.route
    for words in texts_of(concept):
        known = chart.book.route_names.get(plain(words))
        if known is not None:
            return known.route
    return Route.UNSPECIFIED


def _says(concept: Any) -> bool:
    """Whether anything is charted at all."""
    return bool(texts_of(concept) or codings(concept))
