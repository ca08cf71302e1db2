"""The strings a model is given, and what a template in its folder may say."""

from pathlib import Path

import pytest

from encoders.families.idefics3 import IDEFICS3
from encoders.families.modernvbert import MODERNVBERT
from encoders.prompts import TEMPLATE, Prompts, prompts_of
from index.errors import WrongUseError


@pytest.fixture
def template(tmp_path: Path) -> Path:
    path = tmp_path / TEMPLATE
    path.parent.mkdir()
    return path


def test_the_family_decides_where_there_is_no_template(tmp_path: Path) -> None:
    assert prompts_of(tmp_path, IDEFICS3.prompts) is IDEFICS3.prompts
    assert prompts_of(tmp_path, MODERNVBERT.prompts) is MODERNVBERT.prompts


def test_each_string_is_in_the_digest() -> None:
    strings = [("a", "b", "c"), ("", "ab", "c"), ("a", "", "bc")]
    some = [Prompts(*three, image="c") for three in strings]
    assert len({prompts.digest() for prompts in some}) == 3
    assert IDEFICS3.prompts.digest() == "3290f304"  # it stands in people's indexes


def test_the_published_templates_strings_are_the_familys(template: Path) -> None:
    # what sentence_transformers.jinja of vidore/colSmol-500M makes of a query and of an image
    template.write_text(
        "{%- set content = messages[0]['content'][0] -%}"
        "{%- if content['type'] == 'image' -%}"
        "{{- '<|im_start|>User: Describe the image.<image><end_of_utterance>' -}}"
        "{%- elif task == 'query' -%}{{- 'Query: ' + content['text'] -}}"
        "{%- for _ in range(10) -%}{{- '<end_of_utterance>' -}}{%- endfor -%}{{- '\\n' -}}"
        "{%- endif -%}"
    )
    assert prompts_of(template.parents[1], IDEFICS3.prompts) == IDEFICS3.prompts


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{% for", r"cannot be read \(.*\)\. Download the model again\."),
        ("{{ messages[7].content }}", r"cannot be read \("),
        (
            "{{ messages[0]['content'][0]['text'] }}",
            "is no template of a model that searches pages",
        ),
        ("{{ ''.__class__.__mro__ }}", r"cannot be read \("),
    ],
)
def test_a_template_that_cannot_be_used_is_named(template: Path, text: str, reason: str) -> None:
    template.write_text(text)
    with pytest.raises(WrongUseError, match=f"sentence_transformers.jinja {reason}"):
        prompts_of(template.parents[1], IDEFICS3.prompts)
