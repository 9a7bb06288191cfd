"""The engine against a second grader on random charts, at a random time (GR-1 … GR-11)."""

from hypothesis import given, settings

from tests.builders import Hours, at
from tests.property.agreement import engine, engine_course, oracle, oracle_course
from tests.property.charts import Told, charts, courses, hours


@settings(max_examples=600)
@given(charts(), hours(-6, 8))
def test_engine_and_oracle_grade_any_chart_alike(case: Told, when: Hours) -> None:
    assert engine(case.facts, at(when)) == oracle(case.facts, at(when))


@settings(max_examples=60)
@given(courses(), hours(-6, 8))
def test_engine_and_oracle_see_the_same_episode(case: Told, when: Hours) -> None:
    """GR-10: also onset, peak and the worst of the last 24 h."""
    assert engine_course(case.facts, at(when)) == oracle_course(case.facts, at(when))
