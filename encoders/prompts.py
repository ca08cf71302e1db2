"""The strings ColVision models are given around a query and a page: those they were trained with.

A model answers to other strings too, only worse, and a library's defaults change after its weights
were published: colpali-engine lost "Query: " and moved the image before the words. So the strings
stand with each family, in encoders/families/, with their source. A model's folder may hold a
template of its own, which then decides: fine-tunes made with a newer library want newer strings.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from index.errors import WrongUseError

TEMPLATE = Path("additional_chat_templates", "sentence_transformers.jinja")
"""Where Sentence Transformers' configuration of a published model keeps its strings."""

_TEXT = "\N{OBJECT REPLACEMENT CHARACTER}"  # stands for the query while a template is read


@dataclass(frozen=True)
class Prompts:
    """What a model is given.

    Attributes:
        before_query, after_query: around the text of a query.
        page: for a page, as the model's processor takes it.
        image: stands in it once, in the place of the page's visual tokens.
    """

    before_query: str
    after_query: str
    page: str
    image: str

    def digest(self) -> str:
        """What pins the strings in a fingerprint: 8 hex digits of their SHA-256."""
        strings = (self.before_query, self.after_query, self.page)
        return hashlib.sha256("\0".join(strings).encode()).hexdigest()[:8]


def prompts_of(folder: Path, of_family: Prompts) -> Prompts:
    """The strings for a model: those of the template in its folder, else its family's.

    Args:
        folder: with the processor's files.
        of_family: what its family was trained with.

    Raises:
        WrongUseError: the template cannot be used.
    """
    path = folder / TEMPLATE
    return _read_template(path, of_family.image) if path.exists() else of_family


def _read_template(path: Path, image: str) -> Prompts:
    """Render the template for a query and for a page, as Sentence Transformers does.

    Raises:
        WrongUseError: it cannot be read, or gives no text for a query or no image for a page.
    """
    from jinja2 import TemplateError
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    def rendered(task: str, content: dict[str, str]) -> str:
        messages = [{"role": "user", "content": [content]}]
        return template.render(messages=messages, task=task, add_generation_prompt=False)

    try:
        # the options transformers renders chat templates with
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        template = environment.from_string(path.read_text(encoding="utf-8"))
        query = rendered("query", {"type": "text", "text": _TEXT})
        page = rendered("document", {"type": "image"})
    except (OSError, ValueError, TemplateError) as error:
        raise WrongUseError(
            f"{path} cannot be read ({error}). Download the model again."
        ) from error
    if query.count(_TEXT) != 1 or page.count(image) != 1:
        raise WrongUseError(
            f"{path} is no template of a model that searches pages: it makes {query!r} of a query "
            f"and {page!r} of a page. Download the model again, or remove that file."
        )
    before, after = query.split(_TEXT)
    return Prompts(before, after, page, image)
