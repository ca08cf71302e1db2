"""What only trained weights can settle: `python -m tests.bench.real_weights DATA [MODEL] [DEVICE]`.

DATA is a ViDoRe data set by hub id or folder, such as vidore/tabfquad_test_subsampled; see
`query/quality/data_sets.py`. nDCG@5 of:

- the strings ColSmol was trained with, against those its library sends today;
- the visual tokens, which we keep, against all of a page's tokens;
- pages brought to the model's size by us, against by its own processor from the image as it is;
- float MaxSim, against sign bits alone, and against bits first and then float of the best.

An evening on a GPU for some hundred pages; the last line is JSON.
"""

import io
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import ir_measures
import numpy as np
import torch
from colpali_engine.models import ColIdefics3Processor
from ir_measures import Qrel, ScoredDoc, nDCG
from numpy.typing import NDArray
from PIL import Image

from encoders.colsmol import ColSmolEncoder
from encoders.families.idefics3 import IDEFICS3
from encoders.interface import PageInput
from encoders.model_files import DEFAULT_MODEL, fetch_model_files
from encoders.prompts import Prompts
from index.interface import VESPA_RERANK_COUNT
from index.maxsim import float_maxsim, hamming_maxsim
from index.pages import PageWords
from index.quantize import pack_sign_bits
from query.quality.data_sets import load_data_set
from tests.bench.machine import describe_machine, print_machine

TRAINED = IDEFICS3.prompts
LIBRARYS = Prompts(
    before_query="",
    after_query="<end_of_utterance>" * 10,
    page="<|im_start|>User:<image>Describe the image.<end_of_utterance>\nAssistant:",
    image="<image>",
)
"""colpali-engine 0.3.18."""

Vectors = NDArray[np.float32]
Score = Callable[[Vectors, Vectors], float]


@dataclass(frozen=True, eq=False)
class Data:
    """Pages, queries and which belong together.

    Attributes:
        relevant: query id to page id to grade.
    """

    pages: Mapping[str, Image.Image]
    queries: Mapping[str, str]
    relevant: Mapping[str, Mapping[str, int]]


def main() -> None:
    name = sys.argv[1]
    model = sys.argv[2] if len(sys.argv) > 2 else DEFAULT_MODEL
    device = sys.argv[3] if len(sys.argv) > 3 else "auto"
    machine = describe_machine()
    print_machine(machine)
    results = measure(load(name), model, device)
    for what, score in results.items():
        print(f"{what:40} {score:.4f}")
    print()
    print(json.dumps({"machine": machine, "data": name, "model": model, "ndcg_at_5": results}))


def load(name: str) -> Data:
    """A data set with its images in memory; see `load_data_set`."""
    data_set = load_data_set(name)
    questions = data_set.questions.questions
    return Data(
        {id_: Image.open(io.BytesIO(data)) for id_, data in data_set.images()},
        {question.id: question.text for question in questions},
        {q.id: {page: grade for (page, _), grade in q.grades.items()} for q in questions},
    )


def measure(data: Data, model: str, device: str) -> dict[str, float]:
    """nDCG@5 of every setting."""
    encoder = ColSmolEncoder(model, device)
    processor = ColIdefics3Processor.from_pretrained(fetch_model_files(model).processor)
    results = {}
    for said, prompts in (("trained strings", TRAINED), ("library's strings", LIBRARYS)):
        encoder._prompts = prompts
        encoder._page_prompts.clear()
        queries = {id_: encoder.encode_query(text).vectors for id_, text in data.queries.items()}
        pages = {id_: our_vectors(encoder, image) for id_, image in data.pages.items()}
        results[said] = ndcg(data, queries, pages, float_maxsim)
        if prompts is not TRAINED:
            continue
        results["sign bits alone"] = ndcg(data, queries, pages, on_bits)
        results[f"bits, then float of {VESPA_RERANK_COUNT}"] = ndcg(data, queries, pages, None)
        for which, only_visual in (("visual tokens", True), ("all tokens", False)):
            theirs = {
                id_: their_vectors(encoder, processor, image, prompts, only_visual=only_visual)
                for id_, image in data.pages.items()
            }
            results[f"processor's own resizing, {which}"] = ndcg(
                data, queries, theirs, float_maxsim
            )
    return results


def our_vectors(encoder: ColSmolEncoder, image: Image.Image) -> Vectors:
    (page,) = encoder.encode_pages([PageInput(image.convert("RGB"), PageWords.none())])
    return page.vectors


def their_vectors(
    encoder: ColSmolEncoder,
    processor: ColIdefics3Processor,
    image: Image.Image,
    prompts: Prompts,
    *,
    only_visual: bool,
) -> Vectors:
    """The plain way: the processor takes the image as it is, and every token may stay."""
    batch = processor(text=[prompts.page], images=[[image.convert("RGB")]], return_tensors="pt")
    batch = batch.to(encoder._device)
    with torch.inference_mode():
        vectors = torch.nn.functional.normalize(encoder._model(**batch)[0].float(), dim=-1)
    if only_visual:
        vectors = vectors[batch["input_ids"][0] == processor.image_token_id]
    return vectors.cpu().numpy()


def on_bits(query: Vectors, page: Vectors) -> float:
    return hamming_maxsim(pack_sign_bits(query), pack_sign_bits(page))


def ndcg(
    data: Data,
    queries: Mapping[str, Vectors],
    pages: Mapping[str, Vectors],
    score: Score | None,
) -> float:
    """Of one way to score; None is bits for all pages and float for the best of them."""
    relevant = [
        Qrel(query, page, grade)
        for query, grades in data.relevant.items()
        for page, grade in grades.items()
    ]
    run = []
    for id_, query in queries.items():
        for rank, page in enumerate(ranked(query, pages, score)):
            run.append(ScoredDoc(id_, page, -rank))  # ir_measures orders by score alone
    return float(ir_measures.calc_aggregate([nDCG @ 5], relevant, run)[nDCG @ 5])


def ranked(query: Vectors, pages: Mapping[str, Vectors], score: Score | None) -> Sequence[str]:
    def best_first(ids: Sequence[str], by: Score) -> list[str]:
        return sorted(ids, key=lambda id_: -by(query, pages[id_]))

    if score is not None:
        return best_first(list(pages), score)
    return best_first(best_first(list(pages), on_bits)[:VESPA_RERANK_COUNT], float_maxsim)


if __name__ == "__main__":
    main()
