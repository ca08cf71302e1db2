"""query/heat: the merging rule, the scale, the colours, the picture."""

import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from encoders.layouts.tiles import TileLayout
from encoders.lexical import LexicalEncoder
from index.pages import LEAST_CONFIDENCE, VECTOR_DIM, Fingerprint, PageVectors, PatchMap
from query.heat.colours import OUTLINE, heat_colours
from query.heat.drawing import draw_heatmap
from query.heat.hot_words import HotWord
from query.heat.merging import heat_map, heat_of_cells, map_size_px, merge_cells, pixels_of, smooth
from query.heat.scale import Scale, common_scale
from tests.random_pages import page, query

LAYOUT = TileLayout(long_edge_px=2048, tile_px=512, cells_per_side=8)
AXES = np.eye(VECTOR_DIM, dtype=np.float32)
GLOBAL = slice(-64, None)
SHAPES = {"portrait": (595.0, 842.0), "landscape": (842.0, 595.0), "square": (700.0, 700.0)}


def shaped_page(vectors, boxes, vector_index=None):
    rows = np.arange(len(boxes)) if vector_index is None else np.array(vector_index)
    patch_map = PatchMap(np.float32(boxes).reshape(-1, 4), rows.astype(np.int32))
    return replace(page(1, 1, vectors), vectors=PageVectors(vectors, patch_map))


def smooth_map(boxes, heat, width_px, height_px):
    return smooth(merge_cells(boxes, heat, width_px, height_px), boxes)


def hottest(heat):
    """Fractions of the page of the middle of the first hottest pixel."""
    y, x = np.unravel_index(np.nanargmax(heat), heat.shape)
    return (x + 0.5) / heat.shape[1], (y + 0.5) / heat.shape[0]


def holds(box, point):
    return box[0] <= point[0] <= box[2] and box[1] <= point[1] <= box[3]


# The heat of cells


def test_a_cell_has_the_heat_of_its_vector_and_of_the_best_content_token():
    some = replace(query(AXES[:3]), is_content=np.array([True, True, False]))
    boxes = np.zeros((4, 4), np.float32)
    cells = shaped_page(AXES[:4], boxes, [0, 1, 2, 0])
    np.testing.assert_array_equal(heat_of_cells(some, cells, None), [1, 1, 0, 1])
    np.testing.assert_array_equal(heat_of_cells(some, cells, 1), [0, 1, 0, 0])
    np.testing.assert_array_equal(heat_of_cells(some, cells, 2), [0, 0, 1, 0])  # asked for by name


def test_without_content_tokens_all_count():
    some = replace(query(AXES[:2]), is_content=np.zeros(2, np.bool_))
    cells = shaped_page(AXES[:3], np.zeros((3, 4), np.float32))
    np.testing.assert_array_equal(heat_of_cells(some, cells, None), [1, 1, 0])


def test_a_page_without_vectors_and_a_query_without_tokens_have_no_heat():
    nothing = page(1, 1, np.zeros((0, VECTOR_DIM), np.float32))
    assert np.isnan(heat_map(query(AXES[:1]), nothing, None, 4, 3)).all()
    assert heat_map(query(AXES[:1]), nothing, None, 4, 3).shape == (3, 4)
    no_tokens = query(np.zeros((0, VECTOR_DIM), np.float32))
    assert np.isnan(heat_map(no_tokens, page(1, 1, AXES[:3]), None, 4, 3)).all()


# The merging rule


@pytest.mark.parametrize("shape", SHAPES)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=15)
def test_the_hottest_place_has_the_highest_similarity_and_lies_in_that_cell(shape, seed):
    boxes = LAYOUT.cell_boxes(*SHAPES[shape])
    heat = np.random.default_rng(seed).standard_normal(len(boxes)).astype(np.float32)
    merged = smooth_map(boxes, heat, 320, 320)
    assert np.nanmax(merged) == pytest.approx(heat.max(), abs=1e-5)
    assert holds(boxes[heat.argmax()], hottest(merged))


def test_a_hotter_coarse_cell_raises_the_finer_ones_by_one_amount():
    boxes = LAYOUT.cell_boxes(1, 1)
    heat = np.random.default_rng(1).random(len(boxes)).astype(np.float32) / 2
    heat[GLOBAL] = -1
    before = smooth_map(boxes, heat, 512, 512)
    heat[-64] = 0.75  # the top left of the global view: 4 by 4 tile cells of 16 pixels
    raised = smooth_map(boxes, heat, 512, 512) - before
    inside = raised[8:48, 8:48]  # where the smoothing sees nothing else
    np.testing.assert_allclose(inside, inside[0, 0], atol=1e-5)
    assert inside[0, 0] == pytest.approx(0.75 - before[:64, :64].max(), abs=1e-5)
    np.testing.assert_allclose(raised[80:], 0, atol=1e-6)
    np.testing.assert_allclose(raised[:, 80:], 0, atol=1e-6)


def test_a_cooler_coarse_cell_changes_nothing():
    boxes = LAYOUT.cell_boxes(1, 1)
    heat = np.random.default_rng(2).random(len(boxes)).astype(np.float32)
    heat[GLOBAL] = 0
    cooler = heat.copy()
    cooler[GLOBAL] = -1
    np.testing.assert_array_equal(
        smooth_map(boxes, heat, 256, 256), smooth_map(boxes, cooler, 256, 256)
    )


def test_every_tile_cell_keeps_its_heat_in_its_middle():
    boxes = LAYOUT.cell_boxes(595, 842)[:-64]
    heat = np.random.default_rng(3).standard_normal(len(boxes)).astype(np.float32)
    merged = smooth_map(boxes, heat, 453, 640)
    middles = [
        merged[(rows.start + rows.stop) // 2, (columns.start + columns.stop) // 2]
        for rows, columns in pixels_of(boxes, 453, 640)
    ]
    np.testing.assert_allclose(middles, heat, atol=1e-5)


def test_between_two_cells_heat_runs_evenly():
    boxes = [[0, 0, 1 / 3, 1], [1 / 3, 0, 2 / 3, 1], [2 / 3, 0, 1, 1]]
    row = smooth_map(np.float32(boxes), np.float32([0, 1, 0]), 63, 21)[10]
    assert row[31] == pytest.approx(1)
    np.testing.assert_allclose(np.diff(row[10:32]), 1 / 21, atol=1e-6)
    np.testing.assert_allclose(row, row[::-1], atol=1e-6)


def test_of_overlapping_cells_of_one_size_the_highest_counts():
    boxes = np.float32([[0, 0, 0.5, 1], [0.25, 0, 0.75, 1]])
    for heat in ([0.2, 0.6], [0.6, 0.2]):
        merged = smooth_map(boxes, np.float32(heat), 4, 1)
        np.testing.assert_allclose(merged, [[heat[0], 0.6, heat[1], np.nan]], atol=1e-6)


def test_where_no_cell_lies_there_is_no_heat():
    merged = smooth_map(np.float32([[0.2, 0.2, 0.4, 0.3]]), np.float32([-0.5]), 10, 10)
    assert np.isnan(merged).sum() == 98
    np.testing.assert_array_equal(merged[2, 2:4], [-0.5, -0.5])


def test_a_cell_thinner_than_a_pixel_is_still_seen():
    merged = smooth_map(np.float32([[0.5, 0.5, 0.5, 0.5]]), np.float32([1]), 10, 10)
    assert (merged == 1).sum() == 1


@pytest.mark.parametrize("box", [[-0.5, -0.5, 0.1, 0.1], [0.9, 0.9, 1.5, 1.5], [2, 2, 3, 3]])
def test_a_box_beyond_the_page_is_cut(box):
    assert np.nansum(smooth_map(np.float32([box]), np.float32([1]), 10, 10)) == 1


def test_a_map_is_as_large_as_the_page_is_shaped():
    assert map_size_px(page(1, 1, AXES[:1])) == (452, 640)
    strip = replace(page(1, 1, AXES[:1]), width_pt=5000, height_pt=1)
    assert map_size_px(strip) == (640, 1)


# The scale


VISION = Fingerprint("colsmol", "a/model", "1", "none", "2048 px")
WORDS = LexicalEncoder().fingerprint


def test_a_scale_tells_strong_from_weak():
    scale = Scale(2, 4)
    np.testing.assert_array_equal(
        scale.position(np.float32([0, 2, 3, 4, 9, np.nan])), np.float32([0, 0, 0.5, 1, 1, np.nan])
    )
    assert [scale.is_hot(heat) for heat in (2.9, 3, 4)] == [False, True, True]


def test_a_models_scale_covers_all_pages_from_the_middle_to_the_highest():
    heats = [np.float32([0, 1, np.nan]), np.float32([[2, 3], [90, np.nan]])]
    assert common_scale(heats, VISION) == Scale(2, 90)


def test_what_a_model_finds_by_chance_is_no_strong_match():
    cells = np.random.default_rng(0).normal(0.3, 0.05, (12, 1000)).astype(np.float32)
    scale = common_scale(list(cells), VISION)
    assert cells.max() > scale.low + 0.15
    assert not scale.is_hot(float(cells.max()))
    cells[3, 7] = 0.9
    assert common_scale(list(cells), VISION) == Scale(scale.low, pytest.approx(0.9))


def test_words_have_one_scale_for_every_query():
    chance, match = np.float32([0.1, 0.3, 0.59]), np.float32([0.1, 0.3, 1])
    scale = common_scale([chance], WORDS)
    assert scale == common_scale([match], WORDS) == common_scale([], WORDS)
    np.testing.assert_array_equal(scale.position(chance), [0, 0, 0])
    assert scale.is_hot(1)


@pytest.mark.parametrize("heats", [[], [np.float32([np.nan])], [np.zeros(0, np.float32)]])
def test_no_heat_at_all_has_a_scale_too(heats):
    assert common_scale(heats, VISION) == Scale(0, 1)


def test_where_all_are_equal_all_are_hottest():
    heat = np.full(3, 0.25, np.float32)
    np.testing.assert_array_equal(common_scale([heat], VISION).position(heat), [1, 1, 1])


# The colours


def lightness(rgb):
    """CIE L* of sRGB 0 to 255."""
    part = np.asarray(rgb) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    y = linear @ [0.2126, 0.7152, 0.0722]
    return np.where(y > 0.008856, 116 * np.cbrt(y) - 16, 903.3 * y)


def test_the_hotter_the_darker_so_that_no_eye_needs_the_hue():
    colours = heat_colours(np.linspace(0, 1, 11, dtype=np.float32))
    steps = np.diff(lightness(colours))
    assert (steps < -1).all(), steps


def test_black_text_is_readable_on_the_hottest_colour():
    y = ((lightness(heat_colours(np.float32([1]))[0]) + 16) / 116) ** 3
    assert (y + 0.05) / 0.05 >= 4.5


# The picture


def preview(colour, size=(300, 400)):
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, "WEBP", lossless=True)
    return data.getvalue()


def drawn(colour, heat, outlines=(), size=(300, 400), **options):
    data = draw_heatmap(preview(colour, size), heat, Scale(0, 1), outlines, **options)
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


HALF = np.float32([[0, 1]]).repeat(2, axis=0).repeat(40, axis=1).repeat(40, axis=0)


@pytest.mark.parametrize(("file_format", "tolerance"), [("PNG", 0), ("WEBP", 6)])
def test_a_light_page_is_coloured_where_it_is_hot_and_left_where_it_is_not(file_format, tolerance):
    picture = drawn("white", HALF, file_format=file_format)
    assert picture.shape == (400, 300, 3)
    assert np.abs(picture[:, :100] - 255).max() <= tolerance
    hot = picture[200, 290]
    assert hot[1] < hot[2] < hot[0]  # magenta


def test_black_stays_black_on_a_light_page():
    page_image = Image.new("RGB", (300, 400), "white")
    page_image.paste("black", (250, 100, 252, 104))
    data = io.BytesIO()
    page_image.save(data, "PNG")
    picture = draw_heatmap(data.getvalue(), HALF, Scale(0, 1))
    with Image.open(io.BytesIO(picture)) as image:
        assert image.getpixel((250, 102)) == (0, 0, 0)


def test_white_stays_white_on_a_dark_page_and_heat_is_bright():
    page_image = Image.new("RGB", (300, 400), "black")
    page_image.paste("white", (250, 100, 252, 104))
    data = io.BytesIO()
    page_image.save(data, "PNG")
    picture = draw_heatmap(data.getvalue(), HALF, Scale(0, 1))
    with Image.open(io.BytesIO(picture)) as image:
        assert image.getpixel((250, 102)) == (255, 255, 255)
        assert min(image.getpixel((250, 300))) > 80
        assert image.getpixel((20, 300)) == (0, 0, 0)


def test_every_colour_is_heat():
    picture = drawn("orange", np.zeros((2, 2), np.float32))
    assert (picture == picture[..., :1]).all()  # grey


def test_no_heat_leaves_the_page_as_it_is():
    picture = drawn("white", np.full((2, 2), np.nan, np.float32))
    assert (picture == 255).all()


def test_equal_heat_has_equal_colour_on_two_pages_of_one_scale():
    one = drawn("white", np.full((8, 8), 0.5, np.float32))
    other = drawn("white", np.pad(np.full((4, 4), 0.5, np.float32), 4, constant_values=1))
    np.testing.assert_array_equal(one[200, 150], other[200, 150])


def test_words_are_outlined_around_their_box():
    word = HotWord("crane", (0.5, 0.5, 0.75, 0.55), 1.0, 1)
    picture = drawn("white", np.full((2, 2), np.nan, np.float32), [word])
    blue = (picture == OUTLINE).all(axis=2)
    y, x = np.nonzero(blue)
    assert 140 <= x.min() < 150
    assert 225 < x.max() <= 235
    assert 190 <= y.min() < 200
    assert 220 < y.max() <= 230
    assert not blue[201:219, 151:224].any()  # the word itself stays free


def test_the_outline_of_a_word_that_may_be_misread_is_dashed():
    def outline(confidence):
        word = HotWord("crane", (0.5, 0.5, 0.75, 0.55), 1.0, 1, confidence)
        picture = drawn("white", np.full((2, 2), np.nan, np.float32), [word])
        return (picture == OUTLINE).all(axis=2)

    whole, sure, unsure = outline(None), outline(LEAST_CONFIDENCE), outline(LEAST_CONFIDENCE - 0.01)
    assert (sure == whole).all()
    assert not (unsure & ~whole).any()
    for side in (np.s_[:200], np.s_[220:], np.s_[:, :155], np.s_[:, 220:]):
        assert 0.3 < unsure[side].sum() / whole[side].sum() < 0.8


@pytest.mark.parametrize("size", [(1, 1), (3, 500), (500, 3)])
def test_pictures_of_any_shape(size):
    word = HotWord("crane", (0, 0, 1, 1), 1.0, 1)
    assert drawn("white", HALF, [word], size).shape == (size[1], size[0], 3)
