"""Copy the corpus out of clones of the repositories it comes from, each file at its commit.

python tests/bench/quality/gather.py CLONES FOLDER

CLONES/<owner>/<name> is a clone of https://github.com/<owner>/<name>. The samples go along.
"""

import csv
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(clones: Path, folder: Path) -> None:
    with (HERE / "corpus.tsv").open(encoding="utf-8", newline="") as file:
        lines = (line for line in file if not line.startswith("#"))
        rows = list(csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))
    for row in rows:
        target = folder / row["file"]
        target.parent.mkdir(parents=True, exist_ok=True)
        show = ["git", "-C", clones / row["repository"], "show", f"{row['commit']}:{row['path']}"]
        target.write_bytes(subprocess.run(show, capture_output=True, check=True).stdout)
    samples = folder / "samples"
    samples.mkdir(exist_ok=True)
    for path in HERE.parents[2].glob("samples/*.pdf"):
        shutil.copy(path, samples)
    print(f"{len(rows)} files and the samples in {folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
