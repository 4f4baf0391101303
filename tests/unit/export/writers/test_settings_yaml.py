from dataclasses import replace

from aliquot.config.given import load_given
from aliquot.export.writers.settings_yaml import write_settings
from tests.fixtures.scored_runs import make_scored_run


def test_what_was_said_about_the_data_is_kept(tmp_path):
    run_dir = make_scored_run(tmp_path / "run", state="planned")
    spec = run_dir.read_spec()
    run_dir.save_spec(replace(spec, settings={"about": {"licence": "CC-BY-4.0", "creators": ["A", "B"]}}))
    (tmp_path / "settings.yaml").write_text(write_settings(run_dir))
    about = load_given(tmp_path / "settings.yaml").settings.about
    assert (about.licence, about.creators, about.title) == ("CC-BY-4.0", ["A", "B"], None)
