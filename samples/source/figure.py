"""Charts and equations as vectors: matplotlib draws straight onto a reportlab canvas.

Labels of a chart become real text of the page, so they can be searched and need no image.
"""

from typing import Any, Literal

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path as Outline
from matplotlib.text import Text, TextPath
from matplotlib.transforms import Affine2D, Transform
from matplotlib.typing import ColorType
from reportlab.lib.colors import Color
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject
from reportlab.platypus import Flowable

CHART_STYLE: dict[Any, Any] = {
    "font.size": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#66727f",
    "axes.labelcolor": "#1d2733",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#dfe5ea",
    "grid.linewidth": 0.6,
    "xtick.color": "#66727f",
    "ytick.color": "#66727f",
    "mathtext.fontset": "stix",
}


def _draw_outline(canvas: Canvas, outline: Outline, transform: Transform) -> PDFPathObject:
    """Copy a matplotlib path into a reportlab path; quadratic curves become cubic ones."""
    path = canvas.beginPath()
    x0 = y0 = 0.0
    for points, code in outline.iter_segments(transform, simplify=False):
        if code == Outline.CLOSEPOLY:
            path.close()
            continue
        if code == Outline.MOVETO:
            path.moveTo(*points)
        elif code == Outline.LINETO:
            path.lineTo(*points)
        elif code == Outline.CURVE3:
            qx, qy, x1, y1 = points
            path.curveTo(
                x0 + (qx - x0) * 2 / 3, y0 + (qy - y0) * 2 / 3,
                x1 + (qx - x1) * 2 / 3, y1 + (qy - y1) * 2 / 3, x1, y1,
            )  # fmt: skip
        else:
            path.curveTo(*points)
        x0, y0 = points[-2:]
    return path


class CanvasRenderer(RendererBase):
    """A matplotlib renderer at 72 dpi: one pixel is one point of the page."""

    def __init__(self, canvas: Canvas, width_pt: float, height_pt: float) -> None:
        super().__init__()
        self._canvas = canvas
        self._size_pt = (width_pt, height_pt)

    def flipy(self) -> bool:
        """The page's origin is at the bottom left, like a chart's."""
        return False

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Size of the drawing in points."""
        return self._size_pt

    def _set_colour(self, gc: GraphicsContextBase, colour: ColorType, fill: bool) -> None:
        channels = list(to_rgba(colour))
        if gc.get_forced_alpha():
            channels[3] = gc.get_alpha()
        set_colour = self._canvas.setFillColor if fill else self._canvas.setStrokeColor
        set_colour(Color(*channels))

    def draw_path(
        self,
        gc: GraphicsContextBase,
        path: Outline,
        transform: Transform,
        rgbFace: ColorType | None = None,  # matplotlib passes it by this name
    ) -> None:
        """Fill and stroke one path, clipped as the graphics context says."""
        canvas = self._canvas
        canvas.saveState()
        if (box := gc.get_clip_rectangle()) is not None:
            clip = canvas.beginPath()
            clip.rect(*box.bounds)
            canvas.clipPath(clip, stroke=0, fill=0)
        clip_outline, clip_transform = gc.get_clip_path()
        if clip_outline is not None and clip_transform is not None:
            # The stubs of matplotlib say TransformedPath, its code returns a plain path
            clip = _draw_outline(canvas, clip_outline, clip_transform)  # type: ignore[arg-type]
            canvas.clipPath(clip, stroke=0, fill=0)
        if rgbFace is not None:
            self._set_colour(gc, rgbFace, fill=True)
        self._set_colour(gc, gc.get_rgb(), fill=False)
        canvas.setLineWidth(gc.get_linewidth())
        canvas.setLineCap({"butt": 0, "round": 1, "projecting": 2}[gc.get_capstyle()])
        canvas.setLineJoin({"miter": 0, "round": 1, "bevel": 2}[gc.get_joinstyle()])
        offset, dashes = gc.get_dashes()
        canvas.setDash([] if dashes is None else np.asarray(dashes, float).tolist(), float(offset))
        outline = _draw_outline(canvas, path, transform)
        canvas.drawPath(outline, stroke=int(gc.get_linewidth() > 0), fill=int(rgbFace is not None))
        canvas.restoreState()

    def draw_text(
        self,
        gc: GraphicsContextBase,
        x: float,
        y: float,
        s: str,
        prop: FontProperties,
        angle: float,
        ismath: bool | Literal["TeX"] = False,
        mtext: Text | None = None,
    ) -> None:
        """Write text as text; a formula, which no single font holds, as outlines."""
        if ismath:
            super().draw_text(gc, x, y, s, prop, angle, ismath, mtext)
            return
        canvas = self._canvas
        canvas.saveState()
        canvas.translate(x, y)
        canvas.rotate(angle)
        self._set_colour(gc, gc.get_rgb(), fill=True)
        canvas.setFont(_font_name(prop), prop.get_size_in_points())
        canvas.drawString(0, 0, s)
        canvas.restoreState()

    def get_text_width_height_descent(
        self, s: str, prop: FontProperties, ismath: bool | Literal["TeX"]
    ) -> tuple[float, float, float]:
        """Width, height and descent of a text in points."""
        if ismath:
            return super().get_text_width_height_descent(s, prop, ismath)
        size = prop.get_size_in_points()
        return pdfmetrics.stringWidth(s, _font_name(prop), size), 0.95 * size, 0.21 * size


def _font_name(prop: FontProperties) -> str:
    if prop.get_weight() in ("bold", 700):
        return "Sans-Bold"
    return "Sans-Italic" if prop.get_style() == "italic" else "Sans"


class Chart(Flowable):  # type: ignore[misc]  # reportlab has no types
    """A matplotlib figure in running text."""

    def __init__(self, figure: Figure) -> None:
        super().__init__()
        self._figure = figure
        figure.set_dpi(72)
        self.width, self.height = 72 * figure.get_size_inches()
        self.hAlign = "CENTER"

    def wrap(self, *_: float) -> tuple[float, float]:
        """Width and height in points."""
        return self.width, self.height

    def draw(self) -> None:
        """Draw the figure at the flowable's origin."""
        self._figure.draw(CanvasRenderer(self.canv, self.width, self.height))


class Equation(Flowable):  # type: ignore[misc]  # reportlab has no types
    """A displayed formula in TeX notation, with its number at the right margin."""

    def __init__(self, tex: str, number: int, size_pt: float = 10.5) -> None:
        super().__init__()
        self._number = number
        self._outline = TextPath((0, 0), f"${tex}$", size=size_pt, usetex=False)
        self._box = self._outline.get_extents()

    def wrap(self, available_width: float, _: float) -> tuple[float, float]:
        """As wide as the column, as high as the formula and some white."""
        self.width, self.height = available_width, self._box.height + 14
        return self.width, self.height

    def draw(self) -> None:
        """Centre the formula in the column."""
        x = (self.width - 18 - self._box.width) / 2 - self._box.x0
        y = 7 - self._box.y0
        transform = Affine2D().translate(x, y)
        self.canv.drawPath(_draw_outline(self.canv, self._outline, transform), stroke=0, fill=1)
        self.canv.setFont("Serif", 10)
        self.canv.drawRightString(self.width, self.height / 2 - 3, f"({self._number})")
