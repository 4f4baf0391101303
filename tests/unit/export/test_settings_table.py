from aliquot.export.settings_table import group_settings, list_settings


def test_every_choice_of_the_plan_is_a_row_in_its_order(scored_run):
    spec = scored_run().read_spec()
    rows = list_settings(spec)
    assert [row.name for row in rows] == [choice.name for choice in spec.plan.choices]
    assert rows[0].text == "0.0005"
    assert rows[0].set_by == "rule"
    assert [title for title, _ in group_settings(rows)] == ["Training"]


def test_what_the_rule_would_have_chosen_stands_beside_what_somebody_chose(scored_run):
    rows = {row.short_name: row for row in list_settings(scored_run().read_spec())}
    assert rows["num_epochs"].rule_text == "15 passes"
    assert rows["learning_rate"].rule_text == ""
