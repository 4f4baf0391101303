from aliquot.data.findings import MAX_KINDS, Findings
from aliquot.data.format import Problem


def test_problems_of_a_kind_are_counted_together_with_their_first_ten_lines():
    findings = Findings("f")
    for line in range(1, 31):
        findings.add(Problem(code="bad", message=f"m{line}", line=line))
    (finding,) = findings.finish()
    assert (finding.count, finding.lines, finding.message) == (30, tuple(range(1, 11)), "m1")


def test_a_row_counts_once_however_often_it_fails_in_one_way():
    findings = Findings("f")
    for line in (4, 4, 5):
        findings.add(Problem(code="bad", message="m", line=line))
    (finding,) = findings.finish()
    assert (finding.count, finding.lines) == (2, (4, 5))


def test_errors_come_first_and_then_the_file_order():
    findings = Findings("f")
    findings.add(Problem(code="a", message="", line=1, severity="note"))
    findings.add(Problem(code="b", message="", line=9))
    findings.add(Problem(code="c", message="", line=2))
    findings.add(Problem(code="d", message="", severity="warning"))
    assert [item.code for item in findings.finish()] == ["c", "b", "d", "a"]
    assert {item.file for item in findings.finish()} == {"f"}


def test_endless_kinds_are_folded_and_none_is_lost():
    findings = Findings("f")
    for line in range(1, 101):
        findings.add(Problem(code="key", message="", line=line, kind=str(line)))
    found = findings.finish()
    assert len(found) == MAX_KINDS + 1
    assert sum(item.count for item in found) == 100
