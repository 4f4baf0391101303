from aliquot.tokenization.families import SHARING_FAMILIES, find_obstacle


def test_families_that_share_have_no_obstacle():
    assert not any(find_obstacle(name) for name in SHARING_FAMILIES)


def test_others_say_why():
    assert "experts" in find_obstacle("mixtral")
    assert "state" in find_obstacle("mamba2")
    assert "was not shown" in find_obstacle("novel")
