"""Captions of the testbed: true words about an image, in a flavour, with noise at declared rates.

What a caption may mention is taken from the item's own draws: class, colour, medium, place, size, position and tilt.
The three kinds of noise are independent: the caption of another item, a class that is not named, and words left out.
"""

from collections.abc import Callable
from dataclasses import dataclass

from datalines.testbed.domain import CLASSES, WORDINGS, Domain
from datalines.testbed.draws import BLOCK, Draws
from datalines.testbed.palette import BACKDROPS, COLOURS, MEDIA

# True of every image, and naming no class.
STAND_INS = ("thing", "object", "item", "something", "subject", "find")
_COLOUR_NAMES, _BACKDROPS, _MEDIA = tuple(COLOURS), tuple(BACKDROPS.values()), tuple(MEDIA.values())


@dataclass(frozen=True)
class Facts:
    """The words that are true of one image, and the uniform numbers that choose among them."""

    noun: str
    colour: str
    medium: str
    place: str
    size: str  # empty where neither small nor large
    position: str  # empty near the middle
    tilt: str  # empty when about upright
    chance: list[float]

    def one(self, index: int, *options: str) -> str:
        """One of the options."""
        return options[int(self.chance[index] * len(options))]

    def maybe(self, index: int, share: float, text: str) -> str:
        """The text, in a share of the images."""
        return text if self.chance[index] < share else ""


def _an(words: str) -> str:
    return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"


def _prompt(f: Facts) -> str:
    return f"{_an(f.medium)} of {_an(f.noun)}"


def _title(f: Facts) -> str:
    number = str(int(f.chance[4] * 9000) + 100)
    thing = f"{f.maybe(0, 0.4, f.colour)} {f.noun}".strip()
    return f.one(
        1,
        thing,
        f"{thing} {f.place}",
        f"{thing} {number}",
        f"the {thing} {f.position}",
        f"{f.one(2, 'day', 'trip', 'part')} {number[:2]} - {thing}",
        f"{thing} {f.one(3, 'again', 'up close', 'this morning', f.place)}",
    )


def _alt_text(f: Facts) -> str:
    thing = f"{f.maybe(0, 0.3, f.size)} {f.maybe(1, 0.75, f.colour)} {f.noun}"
    return f.one(
        2,
        f"{thing} {f.place}",
        f"{thing} {f.medium}",
        f"{thing} - {f.medium} {f.place}",
        f"{f.medium} of {_an(thing.strip())}",
        f"{thing} | {f.one(3, 'free download', 'buy online', 'best price', 'gallery', 'high quality')}",
    ).title()


def _sentence(f: Facts) -> str:
    thing = _an(f"{f.maybe(0, 0.4, f.size)} {f.maybe(1, 0.8, f.colour)} {f.noun}".strip())
    tail = f.one(2, f.place, f.position, f.place)
    return f.one(
        3,
        f"{_an(f.medium)} of {thing} {tail}",
        f"{thing} {f.tilt} {tail}",
        f"this is {thing} {tail}",
        f"{f.medium} showing {thing} {tail}",
    )


def _post(f: Facts) -> str:
    thing = f"{f.maybe(0, 0.5, f.colour)} {f.noun}".strip()
    return f.one(
        1,
        f"my {thing} {f.place}",
        f"found this {thing} {f.place}",
        f"just {_an(thing)} {f.tilt} :)",
        f"{thing} {f.place}, what do you think?",
        f"finally got {_an(thing)}!",
        f"{_an(f.medium)} of my {thing} from today",
    )


def _encyclopedic(f: Facts) -> str:
    thing = f"{f.maybe(0, 0.7, f.colour)} {f.noun}".strip()
    head = f.one(
        1, f"{f.medium} of {_an(thing)} {f.place}", f"{_an(thing)} as seen {f.place}", f"view of {_an(thing)} {f.place}"
    )
    tail = f.one(
        2,
        f"the {f.noun} appears {f.one(5, f.size, f.size) or 'medium'} {f.position}",
        f"{f.medium} from the collection, showing {_an(f.noun)}",
        f"an example of {_an(f.noun)}, {f.tilt or 'upright'}, {f.place}",
        f"in this {f.medium} the main colour is {f.colour}",
    )
    year = 1890 + int(f.chance[3] * 130)
    return f"{head[0].upper()}{head[1:]}{f.maybe(4, 0.5, f', {year}')}. {tail[0].upper()}{tail[1:]}."


def _keywords(f: Facts) -> str:
    words = [
        f"{f.colour} {f.noun}",
        f.medium,
        f.place,
        f.size,
        f.tilt,
        f.one(0, "stock", "design", "closeup", "concept"),
    ]
    turn = 1 + int(f.chance[1] * 5)
    return ", ".join(word for word in [words[0], *words[turn:], *words[1:turn]] if word)


_WRITERS: dict[str, Callable[[Facts], str]] = {
    "prompt": _prompt,
    "title": _title,
    "alt-text": _alt_text,
    "sentence": _sentence,
    "lowercase-post": _post,
    "encyclopedic": _encyclopedic,
    "keywords": _keywords,
}


def _size_word(scale: float) -> str:
    return "small" if scale < 0.65 else "large" if scale > 0.92 else ""


def _position_word(x: float, y: float) -> str:
    if max(abs(x), abs(y)) < 0.18:
        return "in the middle"
    if abs(x) >= abs(y):
        return "on the left" if x < 0 else "on the right"
    return "at the bottom" if y < 0 else "at the top"


def _tilt_word(angle: float) -> str:
    turned = abs(angle)
    return "" if turned < 0.6 else "upside down" if turned > 2.4 else "lying on its side" if turned > 1.2 else "tilted"


def _facts(draws: Draws, shown: int, chance: list[float], named: bool) -> Facts:
    phrases, medium = _BACKDROPS[draws.backdrop[shown]].phrases, _MEDIA[draws.medium[shown]]
    return Facts(
        noun=CLASSES[draws.label[shown]] if named else STAND_INS[int(chance[0] * len(STAND_INS))],
        colour="black and white" if medium.grey else _COLOUR_NAMES[draws.colour[shown]],
        medium=medium.nouns[int(chance[1] * len(medium.nouns))],
        place=phrases[int(chance[2] * len(phrases))],
        size=_size_word(float(draws.scale[shown])),
        position=_position_word(float(draws.x[shown]), float(draws.y[shown])),
        tilt=_tilt_word(float(draws.angle[shown])),
        chance=chance[3:],
    )


def _wording(domain: Domain, chance: float) -> str:
    names = [name for name in WORDINGS if domain.wordings.get(name)]
    for name in names[:-1]:
        chance -= domain.wordings[name]
        if chance < 0:
            return name
    return names[-1]


def write_caption(domain: Domain, draws: Draws, item: int) -> str:
    """The caption of item `item` of a block, never empty, plain ASCII."""
    chance: list[float] = draws.words[item].tolist()
    other, flavour, missing = chance[0], chance[1], chance[2]
    shown = item
    if other < domain.wrong_caption:  # any other item of the block, evenly
        shown = (item + 1 + int(chance[3] * (BLOCK - 1))) % BLOCK
    facts = _facts(draws, shown, chance[4:20], named=missing >= domain.class_missing)
    words = _WRITERS[_wording(domain, flavour)](facts).split()
    if domain.word_drop:
        keep = draws.words[item, 20:]
        words = [
            word
            for place, word in enumerate(words)
            if keep[place % len(keep)] >= domain.word_drop or facts.noun in word.lower()
        ]
    return " ".join(words)
