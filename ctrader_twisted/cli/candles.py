"""
Pictures of trendbars: candles with their volumes, as PNG, or as a page that needs nothing but a browser.

matplotlib is imported only when something is drawn. Prices become doubles here, as it is only for looking at.
"""

from __future__ import annotations

import html
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ctrader_twisted.cli.files import replacing
from ctrader_twisted.columns import MINUTES, PERIODS, PRICE_SCALE, Trendbars
from ctrader_twisted.errors import ConfigurationError, IllegalValue
from ctrader_twisted.units import fromMilliseconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "MOST_BARS", "checkCount", "checkPicture", "drawCandles"]

FORMATS = (".png", ".html")
"""
How the name of a picture's file may end.
"""

MOST_BARS = 5_000
"""
How many candles can still be told from each other in one picture.
"""

_UP, _DOWN = "#26895f", "#c33c3c"
_BODY = 0.7
_SIZE = (12.8, 7.2)
_LABELS = 8
_DAY = 86_400_000

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 0; font-family: sans-serif; }}
svg {{ display: block; width: 100%; height: auto; }}
</style>
</head>
<body>
{picture}
</body>
</html>
"""


def drawCandles(bars: Trendbars, title: str, path: Path) -> None:
    """
    Draw bars into a file; one that is there is replaced. Times without bars, such as weekends, take no room.

    @param bars: the bars.
    @param title: what stands above them.
    @param path: the file, whose name ends in one of L{FORMATS}.
    @raise IllegalValue: if there is no bar, or more than L{MOST_BARS}.
    @raise ConfigurationError: if the name ends otherwise, if the file cannot be written, or if matplotlib is not
        installed.
    """
    checkPicture(path)
    if not bars:
        raise IllegalValue("there is no bar to draw")
    checkCount(len(bars), bars.period)
    figure = _figure(bars, title)
    content = _png(figure) if path.suffix.lower() == ".png" else _page(figure, title).encode()
    with replacing(path) as scratch:
        scratch.write_bytes(content)


def checkPicture(path: Path) -> None:
    """
    Demand that a picture can be drawn, before what it shows is fetched.

    @param path: the file.
    @raise ConfigurationError: if its name ends otherwise than in one of L{FORMATS}, or if matplotlib is not installed.
    """
    if path.suffix.lower() not in FORMATS:
        raise ConfigurationError(
            f"{path} is neither a PNG nor an HTML file; let its name end in {' or '.join(FORMATS)}"
        )
    try:
        import matplotlib.figure  # noqa: F401  # only to see whether it is there
    except ImportError:
        raise ConfigurationError("pictures are drawn by matplotlib; install ctrader-twisted[plot]") from None


def checkCount(count: int, period: str) -> None:
    """
    Demand that a picture has room for bars.

    @param count: how many there are.
    @param period: the name of their period.
    @raise IllegalValue: if there are more than L{MOST_BARS}; it says of what period there would be few enough.
    """
    if count <= MOST_BARS:
        return
    minutes = count * MINUTES[period]
    longer = next((other for other in PERIODS if minutes <= MOST_BARS * MINUTES[other]), None)
    instead = "choose a shorter time" if longer is None else f"choose {longer}, or a shorter time"
    raise IllegalValue(
        f"{count:,} bars of {period} are too many for one picture, which has room for {MOST_BARS:,}: {instead}",
        (MOST_BARS,),
    )


def _figure(bars: Trendbars, title: str) -> Figure:
    from matplotlib.figure import Figure

    figure = Figure(figsize=_SIZE, layout="constrained")
    prices, volumes = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    prices.set_title(title, loc="left")
    _drawPrices(prices, bars)
    _drawVolumes(volumes, bars)
    _labelTimes(volumes, bars.timestamps)
    return figure


def _drawPrices(axes: Axes, bars: Trendbars) -> None:
    places = range(len(bars))
    opened, high, low, closed = (
        [price / PRICE_SCALE for price in column] for column in (bars.open, bars.high, bars.low, bars.close)
    )
    colours = _colours(bars)
    axes.vlines(places, low, high, colors=colours, linewidth=_wick(len(bars)))
    bodies = [last - first for first, last in zip(opened, closed, strict=True)]
    # A body without height is seen as a line.
    axes.bar(places, bodies, _BODY, opened, color=colours, edgecolor=colours, linewidth=_wick(len(bars)))
    axes.yaxis.set_major_formatter(f"{{x:.{bars.digits}f}}")
    axes.yaxis.tick_right()
    axes.grid(visible=True, alpha=0.3)
    axes.margins(x=0.01)


def _drawVolumes(axes: Axes, bars: Trendbars) -> None:
    axes.bar(range(len(bars)), bars.volume, _BODY, color=_colours(bars))
    axes.yaxis.tick_right()
    axes.set_ylabel("ticks")
    axes.grid(visible=True, alpha=0.3)


def _colours(bars: Trendbars) -> list[str]:
    return [_UP if last >= first else _DOWN for first, last in zip(bars.open, bars.close, strict=True)]


def _wick(count: int) -> float:
    return max(0.2, min(1.0, 150 / count))


def _labelTimes(axes: Axes, timestamps: Sequence[int]) -> None:
    step = -(-len(timestamps) // _LABELS)
    places = list(range(0, len(timestamps), step))
    span = timestamps[-1] - timestamps[0]
    form = "%Y-%m-%d" if span > _LABELS * _DAY else "%m-%d %H:%M"
    axes.set_xticks(places, [fromMilliseconds(timestamps[place]).strftime(form) for place in places])
    axes.set_xlabel("UTC")


def _png(figure: Figure) -> bytes:
    return _saved(figure, "png", {"Software": None})


def _page(figure: Figure, title: str) -> str:
    from matplotlib import rc_context

    # Without it, names in the picture would be random.
    with rc_context({"svg.hashsalt": title}):
        picture = _saved(figure, "svg", {"Date": None, "Creator": None}).decode()
    return _PAGE.format(title=html.escape(title), picture=picture[picture.index("<svg") :])


def _saved(figure: Figure, form: str, metadata: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format=form, dpi=100, metadata=metadata)
    return file.getvalue()
