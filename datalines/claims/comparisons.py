"""Statistics that compare lines: at one reference accuracy inside the range of all of them, or by their slopes.

Heights are accuracies on the lines in percent, so differences are in percentage points (QNQ, sections 4 and 5.1).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scipy.stats import kendalltau

from datalines.claims.bounds import Bound, Difference, Estimate, Extreme, Unknown, spread
from datalines.claims.lines import RunLine, common_accuracy
from datalines.claims.parts import Part, Question, Sample, samples_of
from datalines.robustness.transforms import inverse


@dataclass(frozen=True)
class Compared:
    """Numbers of several lines on one shift: heights at a common accuracy `at` (percent), or slopes (at is None)."""

    shift: str
    at: float | None
    numbers: dict[str, Estimate]
    samples: dict[tuple[str, str], Sample]

    def note(self) -> str:
        """The numbers as text, largest first, then by name."""
        ordered = sorted(self.numbers.items(), key=lambda item: (-item[1].effect, item[0]))
        place = f"at {self.at:.1f} % reference accuracy: " if self.at is not None else "slopes: "
        return place + ", ".join(f"{name} {number.effect:.3g}" for name, number in ordered)


def compare(question: Question, names: Sequence[str], shift: str) -> Compared | Unknown:
    """The heights or slopes (option `quantity`) of the named lines on a shift; Unknown where one has no line."""
    found = [question.lines.line(name, shift) for name in names]
    for line in found:
        if isinstance(line, Unknown):
            return line
    lines = [line for line in found if isinstance(line, RunLine)]
    samples = samples_of(lines, shift)
    if question.options.get("quantity", "height") == "slope":
        return Compared(shift, None, {line.family: line.steepness() for line in lines}, samples)
    at = common_accuracy(lines)
    if isinstance(at, Unknown):
        return Unknown(f"{shift}: {at.reason}")
    percent = 100 * float(inverse(at, question.lines.axis))
    return Compared(shift, percent, {line.family: line.height(at) for line in lines}, samples)


def _each(
    question: Question,
    names: Sequence[str],
    measure: Callable[[Compared], Bound],
    describe: Callable[[Compared], str] = Compared.note,
) -> list[Part]:
    """One part per shift."""
    parts = []
    for shift in question.shifts:
        found = compare(question, names, shift)
        if isinstance(found, Unknown):
            parts.append(Part(shift, found))
        else:
            parts.append(Part(shift, measure(found), found.samples, found.at, describe(found)))
    return parts


def spread_of_lines(question: Question) -> list[Part]:
    """Per shift, the largest number less the smallest: how far apart the lines of `families` are."""
    return _each(question, question.families(), lambda found: spread(list(found.numbers.values())))


def nobody_dominates(question: Question) -> list[Part]:
    """Per family, by how much the best other family exceeds it on the shift where it is exceeded most.

    A family that dominates is highest on every shift, so that its number is negative.
    """
    names = question.families()
    found = [compare(question, names, shift) for shift in question.shifts]
    for one in found:
        if isinstance(one, Unknown):
            return [Part(name, one) for name in names]
    compared = [one for one in found if isinstance(one, Compared)]
    samples = {key: sample for one in compared for key, sample in one.samples.items()}
    return [_exceeded(name, compared, samples) for name in names]


def _exceeded(name: str, compared: list[Compared], samples: dict[tuple[str, str], Sample]) -> Part:
    rivals = [
        (number.less(one.numbers[name]), f"{other} on {one.shift}")
        for one in compared
        for other, number in one.numbers.items()
        if other != name
    ]
    if not rivals:
        return Part(name, Unknown("fewer than two families to compare"))
    best = max(rivals, key=lambda rival: rival[0].effect)[1]
    number = Extreme("max", tuple(rival for rival, _ in rivals))
    return Part(name, number, samples, _shared(compared), f"most exceeded by {best}")


def spread_is_smaller(question: Question) -> list[Part]:
    """Per pair of a shift and one of `than`: the spread of lines on the first less that on the second."""
    names, parts = question.families(), []
    for shift in question.shifts:
        for other in question.options["than"]:
            one, two = compare(question, names, shift), compare(question, names, other)
            label = f"{shift} against {other}"
            if isinstance(one, Unknown):
                parts.append(Part(label, one))
            elif isinstance(two, Unknown):
                parts.append(Part(label, two))
            else:
                parts.append(_closer(label, one, two))
    return parts


def _closer(label: str, one: Compared, two: Compared) -> Part:
    first, second = (spread(list(found.numbers.values())) for found in (one, two))
    note = f"spreads {first.effect:.3g} and {second.effect:.3g}"
    return Part(label, Difference(first, second), {**one.samples, **two.samples}, _shared([one, two]), note)


def _shared(compared: Sequence[Compared]) -> float | None:
    """The reference accuracy of comparisons on several shifts, None where they differ."""
    places = {one.at for one in compared}
    return places.pop() if len(places) == 1 else None


def outside(mixed: Estimate, first: Estimate, second: Estimate) -> Bound:
    """How far a number lies outside of two others; negative inside, by the distance to the nearer one.

    The larger of (smaller of the two) - mixed and mixed - (larger of the two).
    """
    under = Extreme("min", (first.less(mixed), second.less(mixed)))
    over = Extreme("min", (mixed.less(first), mixed.less(second)))
    return Extreme("max", (under, over))


def lies_between(question: Question) -> list[Part]:
    """Per mixture and shift, how far its line lies outside of the lines of the two `sources`."""
    first, second = question.families("sources")
    parts = []
    for mixture in question.options["mixtures"]:

        def measure(found: Compared, mixture: str = mixture) -> Bound:
            return outside(found.numbers[mixture], found.numbers[first], found.numbers[second])

        for part in _each(question, [mixture, first, second], measure):
            parts.append(Part(f"{mixture} on {part.label}", part.bound, part.samples, part.at, part.note))
    return parts


def reversal(numbers: Sequence[Estimate]) -> Bound:
    """The largest step back, between any two places of a sequence, in the direction in which it is smaller.

    Zero or negative for a sequence that only rises or only falls (the isotonic hypothesis in either direction).
    """
    pairs = [(one, two) for place, one in enumerate(numbers) for two in numbers[place + 1 :]]
    rising = Extreme("max", tuple(one.less(two) for one, two in pairs))
    falling = Extreme("max", tuple(two.less(one) for one, two in pairs))
    return Extreme("min", (rising, falling))


def monotone(question: Question) -> list[Part]:
    """Per shift, the largest step back along the families of `order`, with Kendall's tau in the note."""
    order = question.families("order")

    def measure(found: Compared) -> Bound:
        return reversal([found.numbers[name] for name in order])

    def describe(found: Compared) -> str:
        tau = kendalltau(range(len(order)), [found.numbers[name].effect for name in order]).statistic
        return f"{found.note()}; Kendall's tau along the order {tau:.2f}"

    return _each(question, order, measure, describe)


def best_is_better(question: Question) -> list[Part]:
    """Per shift, the height of the best family's line above that of `mixture`."""
    mixture = str(question.options["mixture"])
    names = [name for name in question.families() if name != mixture]

    def measure(found: Compared) -> Bound:
        return Extreme("max", tuple(found.numbers[name].less(found.numbers[mixture]) for name in names))

    return _each(question, [*names, mixture], measure)
