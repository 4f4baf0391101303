import re
from dataclasses import replace
from xml.etree import ElementTree

from aliquot.export.figures.forest_plot import forest_plot
from aliquot.export.record import ranked

SVG = "{http://www.w3.org/2000/svg}"


def _dots(picture):
    return [float(dot.get("cx")) for dot in ElementTree.fromstring(picture).iter(f"{SVG}circle")]


def test_a_dot_lies_where_its_value_says_best_on_top(scored_run):
    report = scored_run().find_report()
    values = [result.primary.value for result in ranked(report.results)]
    dots = _dots(forest_plot(report))
    assert values[0] == max(values)
    slope = (dots[0] - dots[-1]) / (values[0] - values[-1])
    expected = [dots[0] + slope * (value - values[0]) for value in values]
    assert max(abs(dot - place) for dot, place in zip(dots, expected, strict=True)) < 0.02
    assert slope > 0


def test_with_an_error_metric_the_best_is_on_the_left_and_the_axis_says_so(scored_run):
    picture = forest_plot(scored_run("number").find_report())
    dots = _dots(picture)
    assert dots[0] == min(dots)
    assert "lower is better" in picture


def test_values_intervals_and_differences_are_printed(scored_run):
    report = scored_run().find_report()
    picture = forest_plot(report)
    tuned = report.get_result("tuned").primary
    assert f"[{tuned.interval.low:.2f}, {tuned.interval.high:.2f}]" in picture
    assert picture.count("p &lt; 0.001") + len(re.findall(r"p = [0-9]", picture)) == 6
    assert "tuned minus this" in picture


def test_before_tuning_there_is_no_column_of_differences(scored_run):
    assert "tuned minus this" not in forest_plot(scored_run(state="running").find_report())


def test_a_title_cannot_break_out(scored_run):
    report = scored_run().find_report()
    results = tuple(replace(result, title="<script>&\"'") for result in report.results)
    picture = forest_plot(replace(report, results=results))
    assert "<script>" not in picture
    ElementTree.fromstring(picture)


def test_undefined_values_leave_an_explained_empty_figure(scored_run):
    report = scored_run().find_report()
    results = tuple(replace(each, primary=replace(each.primary, value=None)) for each in report.results)
    assert "No model has a value of accuracy yet." in forest_plot(replace(report, results=results))
