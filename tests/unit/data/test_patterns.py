import pytest
from hypothesis import given
from hypothesis import strategies as st

from aliquot.data.patterns import _FIRST_LOOK, PATTERNS, PatternCensus, may_hold, scan
from aliquot.data.table import TableBuilder
from tests.unit.data.rows import example

FOUND = [
    ("<|im_start|>user", "control_token"),
    ("then <|endoftext|> and on", "control_token"),
    ("[INST] Say it. [/INST]", "control_token"),
    ("<<SYS>> be good <</SYS>>", "control_token"),
    ("<s>A</s>", "control_token"),
    ("<start_of_turn>model", "control_token"),
    ("an <unk> word", "control_token"),
    ("<｜begin▁of▁sentence｜>", "control_token"),
    ("<think>hm</think> 4", "reasoning_marker"),
    ("Write to ada.lovelace@uni-jena.de.", "email"),
    ("call +49 3641 9 46 70", "phone_number"),
    ("call +1 (212) 555-0123!", "phone_number"),
    ("+4915112345678", "phone_number"),
    ("(212) 555-0123", "phone_number"),
    ("212-555-0123", "phone_number"),
    ("DE89 3704 0044 0532 0130 00", "iban"),
    ("GB82WEST12345698765432", "iban"),
    ("NO93 8601 1117 947", "iban"),
    ("4111 1111 1111 1111", "payment_card"),
    ("5555555555554444", "payment_card"),
    ("3782-822463-10005", "payment_card"),
    ("from 93.184.216.34", "ip_address"),
    ("2606:2800:220:1:248:1893:25c8:1946", "ip_address"),
    ("2606:4700:4700::1111", "ip_address"),
    ("SSN 219-09-9999", "us_social_security_number"),
    ("AKIA2E4XAMPLEKEY7Q5Z", "aws_access_key"),
    ("sk-proj-a8B3kLm92QxTn45VwYz0", "api_key"),
    ("sk_live_" + "4eC39HqLyjWDarjtT1zd", "stripe_key"),
    ("AIza" + "SyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY", "google_api_key"),
    ("token hf_" + "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH", "hugging_face_token"),
    ("ghp_" + "a1B2" * 9, "github_token"),
    ("glpat-" + "aB3dE5gH7jK9mN1pQ3sT", "gitlab_token"),
    ("xoxb-" + "123456789012-abcdefABCDEF", "slack_token"),
    ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmN", "json_web_token"),
    ("-----BEGIN RSA PRIVATE KEY-----", "private_key"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----", "private_key"),
]

SCIENCE = [
    "doi:10.1021/acs.jcim.9b00237, 10.1038/s42256-023-00788-1",
    "doi:10.1002/(SICI)1097-0258(19980430)17:8<857::AID-SIM777>3.0.CO;2-E",
    "CAS 7732-18-5, 50-78-2, 123456-78-9; EC 200-064-1; EC 3.4.21.4; EC 1.1.1.100; EC 7.1.1.2",
    "InChIKey=BSYNRYMUTXBXSQ-UHFFFAOYSA-N",
    "InChI=1S/C9H8O4/c1-6(10)13-8-5-3-2-4-7(8)9(11)12/h2-5H,1H3,(H,11,12)",
    "C[C@@H](N)C(=O)O and N[C@@H](CC1=CC=CC=C1)C(O)=O and [Fe@OH12](Cl)(Br)C.CC@H",
    "[Na+].[Cl-] Fe+3 Ca2+ [13C]=O CC(=O)OC1=CC=CC=C1C(=O)O",
    "2024-01-31 12:30:45.123456, 2024-01-31T12:30:45+01:00, 31.12.1999, 1970-01-01",
    "NM_000546.6, ENSG00000141510, GSE123456, SRR1234567890, P04637, 1A2B, rs1042522, GCF_000001405.40",
    "+48.85661400, +2.35222190; 40°26′46″N 79°58′56″W; -33.8688197 151.2092955",
    "0.4111111111111111 4111111111111112 1234567890123456 6.02214076e+23 +1.602176634e-19",
    "ORCID 0000-0002-1825-0097, ISBN 978-3-16-148410-0, ISSN 1234-5679, arXiv:2105.02723v1",
    "p < 0.05 and x > 3, <x> = 4, <r^2>, [1, 2, 3], [CLS], a<b>c",
    "chr7:140453136-140453136, c.1799T>A, NC_000007.14:g.140753336A>T, std::vector, 00:1A:2B:3C:4D:5E",
    "1.5 x 10^-3 mol/L at 298.15 K, 101325 Pa, 2.998e8 m/s, R = 8.314462618 J/(mol K)",
    "MKTAYIAKQRQISFVKSHFSRQLEERLGLIEVQ AKIAVLKMNPQRSTVWYACD task-sk-learn risk-adjusted-models-for-2020-Data",
    "version 10.0.19041.1, Python 3.11.7, 192.168.0.1, 127.0.0.1, section 2.1.3.4, 12.5.3",
    "TCP +10 20 30 40 50, +5-10 %, pages 123-456, 100-200-3000 nm, 12-34-5678",
    "ada@example.org writes @home, log@rithm, user@host",
    "hf_model gh_actions xoxo eyJust -----BEGIN CERTIFICATE----- sk-learn",
    "ATGCATGCATGCATGCATGC RefSeq XP_011542845.1 UniProtKB Q9Y6K9 KEGG C00031 PubChem CID 2244 ChEBI:15365",
]


@pytest.mark.parametrize(("text", "name"), FOUND)
def test_each_kind_is_found_and_no_other(text, name):
    assert scan(text) == (name,)


@pytest.mark.parametrize("text", SCIENCE)
def test_scientific_texts_do_not_fire(text):
    assert scan(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "DE89 3704 0044 0532 0130 01",  # check digits
        "4111 1111 1111 1112",  # Luhn
        "000-12-3456",  # no such area
        "219-00-9999",
        "300.184.216.34",
        "GB82WEST1234569876543",  # one character short
    ],
)
def test_check_digits_and_ranges_decide(text):
    assert scan(text) == ()


def test_every_pattern_has_an_example_and_words():
    assert {name for _, name in FOUND} == {pattern.name for pattern in PATTERNS}
    for pattern in PATTERNS:
        assert pattern.title and pattern.remedy.endswith(".")


def test_findings_name_the_kind_and_the_lines_and_never_the_secret():
    texts = ["a@b.de", "nothing", "key sk-proj-" + "a1B2" * 12, "c@d.de and e@f.de"]
    census, builder = PatternCensus(), TableBuilder()
    for place, text in enumerate(texts):
        builder.add(example(text, "x", line=place + 3))
        census.add(example(text, "x", system="ask z@z.de" if place == 1 else None), place)
    email, secret = census.describe(builder.finish())
    assert (email.code, email.field, email.severity, email.lines) == (
        "pattern_in_text",
        "email",
        "warning",
        (3, 4, 6),
    )
    assert email.message == "3 rows hold what looks like e-mail addresses."
    assert secret.message == "1 row holds what looks like API keys (sk-…)."
    assert "a8B3" not in str(secret)


def test_each_name_is_given_once():
    assert scan("a@b.de c@d.de <s>") == ("control_token", "email")


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=200))
def test_any_text_can_be_scanned(text):
    assert set(scan(text)) <= {pattern.name for pattern in PATTERNS}


@pytest.mark.parametrize("text", [text for text, _ in FOUND])
def test_a_glance_passes_over_no_text_that_holds_a_pattern(text):
    assert may_hold(f"some words\n{text}\nmore words")


def test_a_glance_passes_over_plain_words():
    assert not may_hold("A well-known ratio: 3 to 4 for Jo, next to xenon; Asian and African rivers.")


def test_each_first_look_holds_the_character_it_is_looked_for_by():
    assert all(char in text for char, texts in _FIRST_LOOK for text in texts)
