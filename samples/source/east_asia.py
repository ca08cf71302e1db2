"""Two Japanese pages and a Chinese one."""

from collections.abc import Sequence
from pathlib import Path

from reportlab.lib.pagesizes import B5
from reportlab.platypus import Flowable, PageBreak

from samples.source.layout import Look, write_document

ASCII = "".join(map(chr, range(32, 127)))

JAPANESE_TITLE = "日本の山・湖と鉄道"
JAPANESE = Look(accent="#a3283a", body="Japanese", heading="Japanese", size_pt=12.5)
JAPANESE_NATURE = [
    "日本で最も高い山は富士山で、標高は3,776メートルである。山梨県と静岡県にまたがる活火山で、最後の噴火は"
    "1707年の宝永噴火だった。火山灰は江戸の町にも降り積もった。",
    "二番目に高いのは南アルプスの北岳である。火山ではなく、隆起によってできた山で、頂上の近くには、"
    "ここにしか咲かない花キタダケソウが見られる。",
    "湖では滋賀県の琵琶湖が最も広く、面積は約669平方キロメートルある。四百万年以上の歴史をもつ古代湖で、"
    "固有種の魚や貝がすんでいる。最も深い湖は秋田県の田沢湖で、水深は423メートルに達する。",
]
JAPANESE_TABLE = [
    ("名称", "種類", "大きさ"),
    ("富士山", "山", "3,776 m"),
    ("北岳", "山", "3,193 m"),
    ("奥穂高岳", "山", "3,190 m"),
    ("琵琶湖", "湖", "669 km²"),
    ("田沢湖", "湖", "深さ 423 m"),
    ("信濃川", "川", "367 km"),
    ("利根川", "川", "322 km"),
]
JAPANESE_RAILWAYS = [
    "東海道新幹線は1964年10月1日、東京オリンピックの開幕の九日前に開業した。東京と新大阪のあいだを、"
    "はじめは四時間で結んだ。翌年には三時間十分に縮まった。",
    "本州と北海道をつなぐ青函トンネルは1988年3月に開通した。全長は53.85キロメートルで、そのうち"
    "約23キロメートルは津軽海峡の海底の下を通る。工事では出水に何度も悩まされた。",
    "同じ年の四月には瀬戸大橋も完成し、岡山県と香川県が鉄道と道路で結ばれた。上の階を自動車が、"
    "下の階を列車が走る。これで四つの大きな島がすべて線路でつながった。",
]
JAPANESE_LINES = [
    ("名称", "開業", "長さ"),
    ("関門鉄道トンネル", "1942年", "3.6 km"),
    ("東海道新幹線", "1964年", "515.4 km"),
    ("青函トンネル", "1988年", "53.85 km"),
    ("明石海峡大橋", "1998年", "3,911 m"),
]
JAPANESE_BRIDGE = (
    "明石海峡大橋は神戸市と淡路島を結ぶ吊り橋で、二本の塔のあいだは1,991メートルある。工事中の1995年に"
    "兵庫県南部地震が起こり、塔の間隔が約一メートル広がった。"
)
JAPANESE_HEADINGS = (
    "山と湖と川",
    "新幹線・トンネル・橋",
    "長さと高さ",
    "開業の年と長さ",
    "出典：国土地理院の公表値による。",
)

CHINESE_TITLE = "长江与黄河"
CHINESE = Look(accent="#8c3b12", body="Chinese", heading="Chinese", size_pt=13.5)
CHINESE_TEXT = [
    "长江是亚洲最长的河流，全长约六千三百公里，发源于青藏高原的唐古拉山脉，在上海附近流入东海。"
    "它流经三峡，那里的大坝坝顶海拔一百八十五米，装有三十二台大型水轮发电机组。",
    "黄河是中国第二长河，全长约5464公里。河水经过黄土高原时带走大量泥沙，所以颜色发黄。下游的河床"
    "高出两岸的平地，人们称它为“地上悬河”，要靠堤防来防止洪水。",
    "京杭大运河从北京到杭州，把长江、黄河等五大水系连在一起，全长近一千八百公里，"
    "2014年列入世界遗产名录。",
    "青海湖是中国最大的咸水湖，湖面海拔约三千二百米，湖中的鸟岛每年春天有成千上万只候鸟来筑巢。",
]
CHINESE_TABLE = [
    ("名称", "类型", "数据"),
    ("长江", "河流", "6300 km"),
    ("黄河", "河流", "5464 km"),
    ("三峡大坝", "水利工程", "坝顶 185 m"),
    ("珠穆朗玛峰", "山峰", "8848.86 m"),
]


def _characters(*parts: str | Sequence[str] | Sequence[Sequence[str]]) -> str:
    """Every character of nested texts, and the printable ASCII ones."""
    found = set(ASCII)
    for part in parts:
        found |= set(part if isinstance(part, str) else _characters(*part))
    return "".join(sorted(found))


def japanese_characters() -> str:
    """What the Japanese font has to hold."""
    return _characters(
        JAPANESE_TITLE, JAPANESE_HEADINGS, JAPANESE_NATURE, JAPANESE_TABLE, JAPANESE_RAILWAYS,
        JAPANESE_LINES, JAPANESE_BRIDGE,
    )  # fmt: skip


def chinese_characters() -> str:
    """What the Chinese font has to hold."""
    return _characters(CHINESE_TITLE, CHINESE_TEXT, CHINESE_TABLE)


def make_japanese(path: Path) -> None:
    """Write the two Japanese pages."""
    nature, railways, sizes, lines, source = JAPANESE_HEADINGS
    story: list[Flowable] = [
        *JAPANESE.text("title", JAPANESE_TITLE),
        *JAPANESE.text("h1", nature),
        *JAPANESE.text("body", *JAPANESE_NATURE),
        *JAPANESE.text("h2", sizes),
        JAPANESE.table(JAPANESE_TABLE, (160, 100, 140), numbers_from=2),
        *JAPANESE.text("caption", source),
        PageBreak(),
        *JAPANESE.text("h1", railways),
        *JAPANESE.text("body", *JAPANESE_RAILWAYS),
        *JAPANESE.text("h2", lines),
        JAPANESE.table(JAPANESE_LINES, (170, 100, 120), numbers_from=1),
        *JAPANESE.text("body", JAPANESE_BRIDGE),
    ]
    write_document(
        path,
        JAPANESE_TITLE,
        "ja",
        JAPANESE,
        story,
        running_head=JAPANESE_TITLE,
        page_size=B5,
        margin_pt=52,
    )


def make_chinese(path: Path) -> None:
    """Write the Chinese page."""
    story: list[Flowable] = [
        *CHINESE.text("title", CHINESE_TITLE),
        *CHINESE.text("body", *CHINESE_TEXT),
        CHINESE.table(CHINESE_TABLE, (160, 120, 140), numbers_from=2),
    ]
    write_document(
        path,
        CHINESE_TITLE,
        "zh",
        CHINESE,
        story,
        running_head=CHINESE_TITLE,
        page_size=B5,
        margin_pt=52,
    )
