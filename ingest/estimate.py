"""How long a plan would take on this machine: a few of its pages are done and timed."""

import time

from encoders.interface import Encoder, PageInput
from index.errors import PageFailure
from ingest.forecast import Forecast, page_tiles, scaled_up
from ingest.plan import Plan
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
