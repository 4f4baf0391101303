from dataclasses import replace

from aliquot.export.page.data import describe_data


def test_only_the_name_of_the_file_is_told(scored_run):
    spec = scored_run().read_spec()
    moved = replace(spec, data=replace(spec.data, file="/home/somebody/private/rows.jsonl"))
    assert describe_data(moved).source.startswith("rows.jsonl, 112 rows")


def test_label_shares_are_of_their_split(scored_run):
    labels = describe_data(scored_run().read_spec()).labels
    assert [sum(row.counts[place] for row in labels) for place in range(3)] == [60, 12, 40]
    assert all(share.endswith(" %") for row in labels for share in row.shares)


def test_errors_come_before_warnings_and_notes(scored_run):
    spec = scored_run().read_spec()
    finding = spec.data.findings[0]
    findings = tuple(replace(finding, severity=severity) for severity in ("note", "error", "warning"))
    found = describe_data(replace(spec, data=replace(spec.data, findings=findings))).findings
    assert [each.severity for each in found] == ["error", "warning", "note"]
