"""Cuts the two East Asian fonts in `samples/fonts` down to the characters the samples use.

Run `python -m samples.source.east_asian_fonts NotoSansCJK-Regular.ttc` after changing a Japanese or
Chinese text. reportlab embeds TrueType outlines only, so the cubic curves become quadratic.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.pens.cu2quPen import Cu2QuPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont, newTable

from samples.source import east_asia
from samples.source.layout import EAST_ASIAN_FONTS

CURVE_ERROR_UNITS = 1.0
"""Greatest distance, in thousandths of the font size, of a quadratic curve from the cubic one."""

FACES = {
    "Japanese": ("Noto Sans CJK JP", east_asia.japanese_characters),
    "Chinese": ("Noto Sans CJK SC", east_asia.chinese_characters),
}


def to_truetype(font: TTFont) -> None:
    """Replace the font's cubic outlines by quadratic ones."""
    glyphs = {}
    drawable = font.getGlyphSet()
    for name in font.getGlyphOrder():
        pen = TTGlyphPen(drawable)
        drawable[name].draw(Cu2QuPen(pen, CURVE_ERROR_UNITS, reverse_direction=True))
        glyphs[name] = pen.glyph()
    font["loca"] = newTable("loca")
    glyf = font["glyf"] = newTable("glyf")
    glyf.glyphOrder = font.getGlyphOrder()
    glyf.glyphs = glyphs
    del font["CFF "]
    if "VORG" in font:
        del font["VORG"]
    maxp = font["maxp"]
    maxp.tableVersion = 0x00010000
    for field in (
        "maxZones", "maxTwilightPoints", "maxStorage", "maxFunctionDefs", "maxInstructionDefs",
        "maxStackElements", "maxSizeOfInstructions",
    ):  # fmt: skip
        setattr(maxp, field, 1 if field == "maxZones" else 0)
    post = font["post"]
    post.formatType, post.extraNames, post.mapping = 3.0, [], {}
    font.sfntVersion = "\x00\x01\x00\x00"


def cut_font(font: TTFont, characters: str, target: Path) -> None:
    """Keep what these characters need and save it as TrueType."""
    options = subset.Options(
        layout_features=[],
        hinting=False,
        notdef_outline=True,
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14],
    )
    cutter = subset.Subsetter(options)
    cutter.populate(text=characters)
    cutter.subset(font)
    for table in ("vhea", "vmtx", "BASE", "GDEF", "GPOS", "GSUB", "DSIG"):
        if table in font:
            del font[table]
    to_truetype(font)
    font.recalcTimestamp = False
    font.save(target)


def main(collection_path: str) -> None:
    """Write both fonts."""
    for font in TTCollection(collection_path).fonts:
        for name, (face, characters) in FACES.items():
            if font["name"].getDebugName(1) == face:
                cut_font(font, characters(), EAST_ASIAN_FONTS[name])


if __name__ == "__main__":
    main(sys.argv[1])
