"""Which pages of a folder go to OCR, and why: `python -m tests.bench.list_ocr_pages FOLDER`.

Draws every page of every PDF as an ingest does and prints those that go, a line each; then how many
there are of each reason, and what deciding takes of the processor. Nothing is read by OCR.
"""

import sys
import time
from collections import Counter
from pathlib import Path
from statistics import median

from encoders.lexical import LexicalEncoder
from index.errors import PageFailure
from ingest.ocr.need import why_ocr
from ingest.render import read_facts, render_page


def main() -> None:
    folder = Path(sys.argv[1])
    reasons: Counter[str] = Counter()
    times_ms = []
    for path in sorted(folder.rglob("*.pdf")):
        name = path.relative_to(folder)
        try:
            facts = read_facts(path)
        except PageFailure as error:
            print(f"{name}: not opened: {error}")
            continue
        for page_number in range(1, len(facts.pdf_pages) + 1):
            try:
                page = render_page(path, facts, page_number, LexicalEncoder().page_size_px)
            except PageFailure:  # an ingest names it
                continue
            started = time.process_time()
            why = why_ocr(page.words, page.has_unreadable_text, page.image)
            times_ms.append(1e3 * (time.process_time() - started))
            reasons[why] += 1
            if why:
                print(f"{name}, page {page_number}: {why} ({len(page.words.texts)} words)")
    print()
    for why, n_pages in reasons.most_common():
        print(f"{n_pages:6,}  {why or 'stays: its text layer will do, or nothing is written'}")
    if times_ms:
        print(f"{median(times_ms):.1f} ms a page (median), {max(times_ms):.1f} at most")


if __name__ == "__main__":
    main()
