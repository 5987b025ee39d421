from html.parser import HTMLParser

from babelite.alignment.align import SegmentPair
from babelite.alignment.html_page import alignment_page
from babelite.corpus import Document

SOURCE = Document("a<b.txt", ("One <b>.", "Two & a half.", "Three."), (1, 3, 4), 5)
TARGET = Document("b.txt", ("Eins.", "Zwei.", "Drei."), (1, 2, 3), 3)
PAIRS = [
    SegmentPair(range(0, 2), range(0, 1), 0.31, 0.4),
    SegmentPair(range(2, 2), range(1, 2)),
    SegmentPair(range(2, 3), range(2, 3), 0.91, 0.9),
]


class Page(HTMLParser):
    """The rows of the page: their classes, and the text in them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[tuple[set[str], list[str]]] = []
        self.links: set[str] = set()
        self.ids: set[str] = set()
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag not in ("meta", "input"):
            self.open.append(tag)
        if "pair" in given.get("class", "").split():
            self.rows.append((set(given["class"].split()), []))
        self.links |= {given[name] for name in ("href", "src") if name in given}
        self.ids |= {given["id"]} if "id" in given else set()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.rows and data.strip() and "footer" not in self.open:
            self.rows[-1][1].append(data.strip())


def test_every_segment_pair_is_shown_with_its_score() -> None:
    page = Page(alignment_page(PAIRS, SOURCE, TARGET))
    assert page.open == []
    assert page.rows == [
        (
            {"pair", "many", "low"},
            ["1", "One <b>.", "3", "Two & a half.", "0.31", "2 – 1", "1", "Eins."],
        ),
        ({"pair", "unmatched"}, ["no match", "2", "Zwei."]),
        ({"pair"}, ["4", "Three.", "0.91", "3", "Drei."]),
    ]


def test_the_page_is_self_contained() -> None:
    text = alignment_page(PAIRS * 200, SOURCE, TARGET)
    page = Page(text)
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)
    assert "//" not in text
    assert "<script" not in text
    assert "prefers-color-scheme: dark" in text


def test_segment_pairs_that_are_not_in_gold_are_marked() -> None:
    gold = {(frozenset({0, 1}), frozenset({0})), (frozenset({2}), frozenset({1, 2}))}
    page = Page(alignment_page(PAIRS, SOURCE, TARGET, gold))
    assert ["wrong" in kinds for kinds, _ in page.rows] == [False, True, True]


def test_an_alignment_without_matches() -> None:
    pairs = [SegmentPair(range(0, 1), range(0, 0)), SegmentPair(range(1, 1), range(0, 1))]
    page = Page(alignment_page(pairs, SOURCE, TARGET))
    assert [row[0] for row in page.rows] == [{"pair", "unmatched"}] * 2


def test_segment_pairs_with_other_numbers_are_marked() -> None:
    source = Document("a.txt", ("1,250 visitors.", "In 2023."), (1, 2), 2)
    target = Document("b.txt", ("1 520 visiteurs.", "En 2023."), (1, 2), 2)
    pairs = [SegmentPair(range(i, i + 1), range(i, i + 1), 0.9, 0.9) for i in (0, 1)]
    page = Page(alignment_page(pairs, source, target))
    assert ["numbers" in kinds for kinds, _ in page.rows] == [True, False]
