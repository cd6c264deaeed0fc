"""Invalid settings files, whether they are YAML or not, are refused with a message and a position."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from argo_ecr_auth_settings.document import SettingsError
from argo_ecr_auth_settings.loader import load_document, make_document
from argo_ecr_auth_settings.settings import Settings
from argo_ecr_auth_settings.validation import validate_settings
from tests.infra.synthesis import ACCOUNT, REGION, REGISTRY

_GOOD = f"""
targets: [{{cluster: demo}}]
credentials: [{{registry: {REGISTRY}}}]
"""


def _nest(node: str, *, leaf: str = "{a: 1}") -> str:
    """Nine aliases of nine aliases, on eight levels, in this kind of node."""
    nested = f"&l0 {leaf}"
    for level in range(1, 9):
        nested = f"&l{level} " + node.format(", ".join([nested, *[f"*l{level - 1}"] * 8]))
    return nested


# The text that replaces or follows the good keys, and the faults.
_ODD = {
    "a date": ("renew_before: 2024-11-24", ['settings.yaml:4:1: renew_before: "2024-11-24" is not a duration: write']),
    "a key that is a list": ("? [a]\n: 1", ["settings.yaml:4:3: cannot be read: a key must be text"]),
    "a key that is a list, in braces": ("vpc: {[a]: 1}", ["settings.yaml:4:7: cannot be read: a key must be text"]),
    "a key that is nothing": ("vpc: {null: 1}", ["settings.yaml:4:7: cannot be read: a key must be text"]),
    "a key twice": ("vpc: {id: a, id: b}", ["settings.yaml:4:14: cannot be read: the key id is given twice"]),
    "a long number": (f"check_every: {'9' * 5_000}", ['settings.yaml:4:1: check_every: "9999']),
    "no number": ("check_every: .nan", ['settings.yaml:4:1: check_every: ".nan" is not a duration']),
    "a list that holds itself": ("vpc: &t [*t]", ["settings.yaml:4:6: cannot be read: too many lists or keys"]),
    "a mapping merged with itself": ("vpc: &t {<<: *t}", ["settings.yaml: too many lists or keys"]),
    "nesting": (f"vpc: {'[' * 500}{']' * 500}", ["settings.yaml: too many lists or keys within each other"]),
    "aliases of aliases": (f"vpc: {_nest('[{}]')}", ["settings.yaml:4:46: cannot be read: more than 100,000 values"]),
    "merges of merges": (
        f"vpc: {_nest('{{<<: [{}]}}')}",
        ["settings.yaml:4:86: cannot be read: more than 100,000 values"],
    ),
    "merges of nothing": (
        f"vpc: {_nest('{{<<: [{}]}}', leaf='{}')}",
        ["settings.yaml:4:86: cannot be read: more than 100,000 values"],
    ),
    "a long key": (f"{'k' * 1_001}: 1", ["settings.yaml:4:1: cannot be read: a key has more than 1,000 characters"]),
    "half of a character": (r'installation: "\ud800"', ["settings.yaml:4:15: cannot be read: '\\ud800' is half of"]),
    "a line too many": ('alarm_email: "a@b.c\\n"', ["settings.yaml:4:1: alarm_email: "]),
    "a target that is a text": ("targets: [abc]", ['settings.yaml:3:11: targets[0]: must be a mapping, not "abc"']),
    "targets that are a text": ("targets: abc", ['settings.yaml:3:1: targets: must be a list, not "abc"']),
    "targets that are a mapping": ("targets: {}", ["settings.yaml:3:1: targets: must be a list, not a mapping"]),
    "targets without a value": ("targets:", ["settings.yaml:3:1: targets: must be a list, not empty"]),
    "a target that is a list": ("targets: [[]]", ["settings.yaml:3:11: targets[0]: must be a mapping, not a list"]),
    "credentials that are a number": ("credentials: 5", ['settings.yaml:3:1: credentials: must be a list, not "5"']),
    "a VPC without its keys": (
        "vpc: {}",
        ["settings.yaml:4:1: vpc.id: missing", "settings.yaml:4:1: vpc.subnets: missing"],
    ),
    "a hyphen that is none": (
        "installation: ecr\u2011auth",
        ['settings.yaml:4:1: installation: "ecr\\u2011auth" is not'],
    ),
    "an invisible character": ('alarm_email: "a@b.c\u200b"', ['settings.yaml:4:1: alarm_email: "a@b.c\\u200b" is not']),
    "an invisible character in a key": (
        "v\ufeffpc: {}",
        ["settings.yaml:4:1: 'v\\ufeffpc': unknown key; is it vpc? (U"],
    ),
    "bytes": ("installation: !!binary aGVsbG8=", ["settings.yaml:4:15: cannot be read: settings have no values of"]),
    "a set": ("vpc: !!set {a, b}", ["settings.yaml:4:6: cannot be read: settings have no values of the type set"]),
    "a merged text": ("vpc: {<<: a}", ["settings.yaml:4:11: cannot be read: << takes a mapping"]),
    "a tab": ("vpc:\n\tid: a", ["settings.yaml:5:1: cannot be read: there is a tab here: write spaces"]),
    "a key less deep": ("vpc:\n  id: a\n subnets: b", ["settings.yaml:6:2: cannot be read: the indentation matches"]),
    "a key too deep": ("a: 1\n  b: 2", ["settings.yaml:5:4: cannot be read: no key can be here: is the indentation"]),
    "a missing colon": ("installation\nb\n", ["settings.yaml:4:1: cannot be read: this line has no colon"]),
    "an item among keys": ("vpc:\n  id: a\n  - b", ["settings.yaml:6:3: cannot be read: an item of a list is among"]),
    "two colons": ("vpc: a: b", ["settings.yaml:4:7: cannot be read: there is a second colon in this line"]),
    "an unclosed quote": ('a: "b\nc: d\ne: f', ["settings.yaml:4:4: cannot be read: this quote is never closed"]),
    "a quote that another closes": ('a: "b\nc: "d"', ["settings.yaml:4:4: cannot be read: this quote is not closed"]),
    "an unclosed bracket": ("a: [1\nb: 2", ["settings.yaml:4:4: cannot be read: this [ is not closed, or a comma is"]),
    "text after a quote": ('a: "b" c', ["settings.yaml:4:8: cannot be read: there is text after the end of a value"]),
    "a reserved character": ("a: @b", ["settings.yaml:4:4: cannot be read: a value cannot begin with '@'"]),
    "two documents": ("---\na: b", ["settings.yaml:4:1: cannot be read: a second document begins here"]),
    "an end too early": ("vpc: {", ["settings.yaml:4:7: cannot be read: the file ends before a { or [ is closed"]),
    "a character that YAML forbids": ("vpc: \x07", ["settings.yaml:4:6: cannot be read: YAML has no character U+0007"]),
    "an emphatic boolean": ("monitoring: off", ['settings.yaml:4:1: monitoring: must be true or false, not "off"']),
}


def _read(directory: Path, text: str) -> Settings:
    file = directory / "settings.yaml"
    file.write_text(text)
    return validate_settings(load_document(file, remedy="write one"), account=ACCOUNT, region=REGION)


def _refuse(directory: Path, text: str) -> SettingsError:
    with pytest.raises(SettingsError) as refused:
        _read(directory, text)
    return refused.value


@pytest.mark.parametrize(("text", "expected"), _ODD.values(), ids=_ODD)
def test_an_odd_file_is_refused_with_each_fault_once(text: str, expected: list[str], tmp_path: Path) -> None:
    key = text.partition(":")[0]
    good = [line for line in _GOOD.splitlines() if not line.startswith(f"{key}:")]
    faults = _refuse(tmp_path, "\n".join([*good, text])).faults
    assert len(faults) == len(expected), faults
    for fault, begin in zip(sorted(faults), sorted(expected), strict=True):
        assert fault.startswith(begin)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "settings.yaml is empty: start from settings.example.yaml"),
        ("# nothing yet\n", "settings.yaml is empty: start from settings.example.yaml"),
        ("- a\n", "settings.yaml has 1 error:\nsettings.yaml:1:1: settings: must be a mapping, not a list"),
    ],
)
def test_a_file_that_holds_no_keys_is_refused(tmp_path: Path, text: str, expected: str) -> None:
    assert str(_refuse(tmp_path, text)) == expected


def test_a_missing_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        load_document(tmp_path / "mine.yaml", remedy="pass --settings FILE")
    assert str(refused.value) == "there is no mine.yaml: pass --settings FILE"


_TARGETS = "targets:\n  - cluster: demo\n"
_CREDENTIALS = f"credentials:\n  - registry: {REGISTRY}\n"


def test_the_faults_come_in_the_files_order_with_line_and_column(tmp_path: Path) -> None:
    second = "  - name: second\n    regoin: eu-west-1\n"
    refused = _refuse(tmp_path, f"\n{_TARGETS}{second}{_CREDENTIALS}    secret_name: A\n")
    assert str(refused).startswith("settings.yaml has 3 errors:\n")
    assert [fault.split(": ")[:2] for fault in refused.faults] == [
        ["settings.yaml:4:5", "targets[1].cluster"],
        ["settings.yaml:5:5", "targets[1].regoin"],
        ["settings.yaml:8:5", "credentials[0].secret_name"],
    ]


def test_a_rule_of_two_places_points_to_the_second(tmp_path: Path) -> None:
    (fault,) = _refuse(tmp_path, f"\n{_TARGETS}{_CREDENTIALS}  - registry: {REGISTRY}\n").faults
    assert fault.startswith("settings.yaml:6:5: targets[0] with credentials[1]: the Secret argocd/ecr-auth")


def test_a_fault_of_a_command_line_value_names_its_option() -> None:
    fault = 'the command line has 1 error:\n--cluster: "a/b" is not allowed. The EKS'
    with pytest.raises(SettingsError, match=f"^{fault}"):
        validate_settings(make_document(cluster="a/b", registry=REGISTRY))


def test_an_alias_and_a_merge_repeat_their_anchor(tmp_path: Path) -> None:
    settings = _read(
        tmp_path,
        f"""
targets:
  - &first {{cluster: a, namespace: one, credentials: &mine [{{registry: {REGISTRY}}}]}}
  - {{cluster: b, credentials: *mine}}
  - {{cluster: c, <<: *first}}
  - {{<<: [{{namespace: two}}, *first], name: d}}
""",
    )
    assert settings.targets[0].credentials == settings.targets[1].credentials == settings.targets[3].credentials
    assert [(target.cluster, target.namespace) for target in settings.targets] == [
        ("a", "one"),
        ("b", "argocd"),
        ("c", "one"),
        ("a", "two"),
    ]


def test_values_without_quotes_are_taken_literally(tmp_path: Path) -> None:
    text = f"""
targets: [{{cluster: demo, account: 012345670123, role_arn: arn:aws:iam::012345670123:role/r, external_id: null}}]
credentials: [{{registry: {REGISTRY}, verify: off}}]
monitoring: false
"""
    settings = _read(tmp_path, text)
    assert settings.targets[0].account == "012345670123"
    assert settings.credentials[0].verify == "off"
    assert settings.monitoring is False


@given(text=st.text(alphabet="ab:-[]{}&*<>!?|,#'\"\n\t \x07\u00e90~"))
def test_any_text_is_read_or_refused_in_one_line(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    file = tmp_path_factory.getbasetemp() / "any.yaml"
    file.write_text(text, encoding="utf-8")
    faults: tuple[str, ...] = ()
    try:
        load_document(file, remedy="write one")
    except SettingsError as refused:
        faults = refused.faults
    assert [fault for fault in faults if "\n" in fault] == []


@pytest.mark.parametrize(
    ("character", "description"),
    [
        ("\u2011", "U+2011 is not -"),
        ("\u200b", "U+200B is invisible"),
        ("\xa0", "U+00A0 is not a space"),
        ("\u201c", "U+201C is not a quote"),
        ("\uff0d", "U+FF0D is not -"),
        ("\uff11", "U+FF11 is not 1"),
        ("\u0430", "U+0430 is CYRILLIC SMALL LETTER A"),
    ],
)
@pytest.mark.parametrize(
    "keys",
    [
        "targets: [{{cluster: 'a{}b'}}]",
        "'installation{}': x",
        "credentials: [{{registry: 'a{}b'}}]",
        "vpc: {{'{0}': 1, '{0}': 1}}",
        "alarm_email: 'a{}b@c.d'",
        "credentials: [{{registry: x, name: 'a{}b'}}]",
        "credentials: [{{registry: x, project: 'a{}b'}}]",
        "credentials: [{{registry: x, proxy: 'http://a{}b:1'}}]",
        "credentials: [{{registry: x, no_proxy: 'a{}b'}}]",
        "targets: [{{cluster: x, endpoint: 'https://a{}b', certificate_authority: x}}]",
    ],
)
def test_a_character_that_looks_like_another_is_escaped_and_named(
    tmp_path: Path, keys: str, character: str, description: str
) -> None:
    targets = "" if "targets" in keys else "targets: [{cluster: demo}]\n"
    refused = str(_refuse(tmp_path, targets + keys.format(character)))
    assert refused.isascii()
    assert description in refused


_BROKEN: dict[str, tuple[dict[str, object], list[str]]] = {
    "a rule next to it": (
        {"targets": [{"cluster": "a b"}, {"cluster": "demo", "external_id": "x-y"}]},
        ["targets[0].cluster: ", "targets[1].external_id: goes with role_arn"],
    ),
    "rules of another key of the same credential": (
        {"credentials": [{"registry": "x", "namespace": "A", "no_proxy": "y", "secret_name": "argocd-cm"}]},
        ["registry: 'x' is not", "namespace: ", "no_proxy: goes with proxy", "secret_name: argocd-cm is an"],
    ),
    "what goes with it": ({"targets": [{"cluster": "a", "role_arn": "x", "external_id": "ab"}]}, ["role_arn: "]),
    "what goes with a misspelled key": (
        {"targets": [{"cluster": "a", "role_arm": "arn:aws:iam::123456789012:role/x", "external_id": "ab"}]},
        ["role_arm: unknown key; is it role_arn?"],
    ),
    "a kind": ({"credentials": [{"registry": [REGISTRY, "y"], "kind": "k", "type": "helm"}]}, ["kind: ", "[1]: 'y'"]),
    "a registry": (
        {
            "credentials": [
                {"registry": 5, "url": "x/y", "kind": "argo-cd"},
                {"registry": REGISTRY, "url": "x/y", "secret_name": "b"},
            ]
        },
        ["credentials[0].registry: ", "credentials[0].url: not for", "credentials[1].url: 'x/y' is neither"],
    ),
    "a missing registry": (
        {"credentials": [{"secret_name": "argocd-cm"}]},
        ["registry: missing", "secret_name: argocd-cm is an"],
    ),
    "a target that is none": (
        {"targets": ["x", {"cluster": "a", "name": "n"}, {"cluster": "b", "name": "n"}]},
        ["targets[0]: must be a mapping", "targets[2].name: 'n' is the name of targets[1]"],
    ),
    "all targets": ({"targets": {}, "check_every": "90s"}, ["targets: must be a list", "check_every: 90s is not"]),
    "a duration": ({"renew_before": "x", "check_every": "2h"}, ["renew_before: ", "check_every: 2h is not between"]),
    "a VPC without its ID": (
        {"vpc": {"subnets": ["subnet-01234567", "subnet-01234567"]}},
        ["vpc.id: missing", "vpc.subnets: subnet-01234567 is listed twice"],
    ),
    "an address": (
        {"alarm_email": 5, "alarm_topic_arn": f"arn:aws:sns:us-east-1:{ACCOUNT}:x", "monitoring": False},
        [
            "alarm_email: must",
            "alarm_email: cannot be combined",
            "alarm_email: there",
            "alarm_topic_arn: there",
            "alarm_topic_arn: is",
        ],
    ),
}


@pytest.mark.parametrize(("document", "expected"), _BROKEN.values(), ids=_BROKEN)
def test_all_faults_are_reported_at_once(document: dict[str, object], expected: list[str]) -> None:
    complete = {"targets": [{"cluster": "demo"}], "credentials": [{"registry": REGISTRY}], **document}
    with pytest.raises(SettingsError) as refused:
        validate_settings(complete, account=ACCOUNT, region=REGION)
    faults = list(refused.value.faults)
    for part in expected:
        (found,) = [fault for fault in faults if part in fault]
        faults.remove(found)
    assert faults == []
