from dataclasses import replace

from aliquot.export.lengths import describe_sharing


def profile(scored_run, **changes):
    return replace(scored_run().read_spec().data.get_split("train").tokens, **changes)


def test_a_profile_of_before_says_nothing_about_sharing(scored_run):
    assert describe_sharing(profile(scored_run)) == ""


def test_what_sharing_saves_is_said_by_batch_size(scored_run):
    sharing = {"1": 1.0, "8": 1.52, "32": 1.77, "all": 3.07}
    said = describe_sharing(profile(scored_run, system_share=0.257, prefix_sharing=sharing))
    assert said == (
        "System messages are 26 % of all tokens. All rows begin with the same 17 tokens. Computing shared "
        "beginnings once saves at most 1.5× in batches of 8 and 1.8× in batches of 32 "
        "(3.1× over the whole split)."
    )
