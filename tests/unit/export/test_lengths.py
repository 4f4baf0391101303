from dataclasses import replace

from aliquot.export.lengths import describe_sharing


def test_what_sharing_saves_is_said_by_batch_size(scored_run):
    tokens = scored_run().read_spec().data.get_split("train").tokens
    counted = {
        "num_tokens": 3070,
        "prefix_tree_tokens": {1: 3070, 8: 2020, 32: 1734},
        "distinct_tokens": 1000,
    }
    assert describe_sharing(replace(tokens, **counted, system_share=0.257)) == (
        "System messages are 26 % of all tokens. All rows begin with the same 17 tokens. Computing shared "
        "beginnings once saves at most 1.5× in batches of 8 and 1.8× in batches of 32 "
        "(3.1× over the whole split)."
    )
