"""How long a plan would take on this machine: a few of its pages are done and timed."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from encoders.interface import Encoder, PageInput
from encoders.lexical import LexicalEncoder
from index.errors import PageFailure
from ingest.drawing import Drawn, draw, read
from ingest.forecast import Forecast, OcrForecast, page_tiles, scaled_up
from ingest.ocr.reader import PageReader
from ingest.plan import Plan, Work
from ingest.render import render_page

SAMPLE_PAGES = 3
"""The first page of this many documents: enough to see the machine's speed, quick on a laptop."""


def estimate(plan: Plan, encoder: Encoder, n_workers: int) -> Forecast | None:
    """Render and encode a few pages of the plan, and scale up.

    Rendering runs in `n_workers` threads beside the encoder, so the slower of the two decides.
    Pages that cannot be rendered are passed over; None where there is no page to go by.
    """
    to_do = [(work, work.facts) for work in plan.work if work.facts and work.page_numbers]
    step = max(1, len(to_do) // SAMPLE_PAGES)
    render_s, encode_s, done = 0.0, 0.0, []
    for work, facts in to_do[::step][:SAMPLE_PAGES]:
        start = time.perf_counter()
        try:
            page = render_page(work.path, facts, work.page_numbers[0], encoder.page_size_px)
        except PageFailure:
            continue
        rendered = time.perf_counter()
        encoder.encode_pages([PageInput(page.image, page.words, is_drawn=page.not_drawn is None)])
        render_s += rendered - start
        encode_s += time.perf_counter() - rendered
        done.append(encoder.n_tiles(page.width_pt, page.height_pt))
    if not done:
        return None
    return scaled_up(max(render_s / n_workers, encode_s), done, page_tiles(plan, encoder))


OCR_SAMPLE_PAGES = 48
"""Looked at, evenly over the plan, for how many of them need OCR: some seconds on a laptop."""


def estimate_ocr(plan: Plan, reader: PageReader, n_workers: int) -> OcrForecast:
    """Look at some pages of the plan for whether they need OCR, read a few that do, and scale up.

    Args:
        plan: what is to be done; pages that only lack their vectors are none of OCR's.
        reader: OCR.
        n_workers: pages looked at in parallel.
    """
    to_do = [
        (work, number)
        for work in plan.work
        if work.facts
        for number in work.page_numbers
        if number not in work.waiting
    ]
    step = max(1, -(-len(to_do) // OCR_SAMPLE_PAGES))
    looked_at = to_do[::step]
    encoder = LexicalEncoder()  # of the encoders the one that wants the smallest picture

    def look(one: tuple[Work, int]) -> str:
        try:
            return draw(*one, encoder, reader=reader, is_to_wait=True).for_ocr
        except PageFailure:
            return ""

    with ThreadPoolExecutor(n_workers) as pool:
        reasons = list(pool.map(look, looked_at))
    needy = [(*one, why) for one, why in zip(looked_at, reasons, strict=True) if why]
    if not needy:
        return OcrForecast(0, is_exact=step == 1, seconds=0.0)
    never = threading.Event()

    def read_one(one: tuple[Work, int, str]) -> Drawn | None:
        work, number, why = one
        for_ocr = replace(work, for_ocr={number: why})
        try:
            return read(for_ocr, number, encoder, reader=reader, stop=never, is_to_wait=True)
        except PageFailure:
            return None

    read_one(needy[0])  # which also loads the engine
    timed = needy[: reader.n_workers]
    start = time.perf_counter()
    with ThreadPoolExecutor(len(timed)) as pool:
        list(pool.map(read_one, timed))
    n_pages = round(len(needy) / len(looked_at) * len(to_do))
    # as many engines as there are pages for
    seconds = (time.perf_counter() - start) * max(1.0, n_pages / reader.n_workers)
    return OcrForecast(n_pages, is_exact=step == 1, seconds=seconds)
