"""The picture of a comparison: drawn at every size, and readable whatever things are called."""

import io
import sys

import numpy as np
import pytest
from PIL import Image

from index.errors import MissingDependencyError
from query.quality.comparison import Comparison, Group, SettingQuality
from query.quality.measures import MEASURES, Interval
from query.quality.picture import draw_comparison
from query.quality.settings import Setting

NAN = float("nan")


def comparison(n_settings: int, groups: tuple[str, ...] = ()) -> Comparison:
    """Of made-up figures."""
    rng = np.random.default_rng(n_settings)
    means = np.sort(rng.uniform(0.3, 1, n_settings))

    def interval(mean: float, half: float = 0.04) -> Interval:
        return Interval(mean, mean - half, min(1.0, mean + half))

    settings = tuple(
        SettingQuality(
            Setting("hamming-then-float", 200 + 50 * n),
            dict.fromkeys(MEASURES, float(mean)),
            interval(float(mean)),
            interval(float(mean - means[0])),
            1,
            2,
            float(3**n % 1000 + 0.5),
        )
        for n, mean in enumerate(means)
    )
    in_groups = tuple(
        Group(name, 12, tuple(interval(float(mean) - 0.05 * n % 0.3, 0.1) for mean in means))
        for n, name in enumerate(groups)
    )
    return Comparison(40, settings, (), in_groups, ())


def drawn(shown: Comparison, title: str = "queries.tsv") -> Image.Image:
    data = draw_comparison(shown, title)
    assert data.startswith(b"\x89PNG")
    return Image.open(io.BytesIO(data)).convert("L")


@pytest.mark.parametrize("n_settings", [1, 5, 12])
def test_any_number_of_settings_is_drawn(n_settings: int) -> None:
    image = drawn(comparison(n_settings))
    assert image.width == 1500
    assert image.height < 900
    assert (np.asarray(image) < 128).mean() > 0.002


def test_groups_make_it_higher_and_too_many_do_not() -> None:
    names = tuple(f"kind {n}" for n in range(40))
    assert drawn(comparison(3)).height < drawn(comparison(3, names[:3])).height
    assert drawn(comparison(3, names[:12])).height == drawn(comparison(3, names)).height


def test_names_that_mean_something_to_a_drawing_library_are_only_names() -> None:
    drawn(comparison(2, ("$x$ {", "図", "")), r"C:\$HOME \frac{")


def test_one_question_and_no_time_are_drawn() -> None:
    nothing = Interval(0.0, NAN, NAN)
    quality = SettingQuality(Setting("bm25"), {}, nothing, nothing, 0, 0, 0.0)
    drawn(Comparison(1, (quality,), (), (), ()))


def test_without_the_library_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delitem(sys.modules, "query.quality.picture")
    monkeypatch.setitem(sys.modules, "matplotlib.axes", None)
    with pytest.raises(MissingDependencyError) as error:
        import query.quality.picture  # noqa: F401
    assert str(error.value) == (
        "To draw a picture, the package matplotlib is needed. "
        "Install it: pip install 'pagelens[eval]', or leave out --picture."
    )
