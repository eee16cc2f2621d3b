"""How the testbed draws its animals, plants and fruit: each class is a list of inked figures, back to front.

An ink is the name of a colour role (see `palette`): `body` is the object's own colour, `shade` a darker body colour,
`accent` its second colour, `dark`, `light`, `glass`, `wood` and `leaf` are what they say. Shape variables 0-5 of the
frame move the proportions of an object, so that no two of a class are alike.
"""

import numpy as np

from datalines.testbed.geometry import Array, Frame, blend, box, circle, cut, ellipse, join, polygon, stroke

Part = tuple[str, Array]


def apple(f: Frame) -> list[Part]:
    """Two lobes with a dip between them, a short stem, a leaf on most."""
    spread = f.vary(0, 0.24, 0.34)
    lobes = join(ellipse(f, spread, -0.1, 0.56, 0.66), ellipse(f, -spread, -0.1, 0.56, 0.66))
    body = blend(lobes, ellipse(f, 0, -0.25, f.vary(1, 0.5, 0.66), 0.62), 0.1)
    leaf = ellipse(f, 0.3, f.vary(2, 0.7, 0.78), f.vary(3, 0.06, 0.34), 0.13)
    return [("body", body), ("wood", stroke(f, 0, 0.38, f.vary(4, -0.12, 0.12), 0.92, 0.07)), ("leaf", leaf)]


def pear(f: Frame) -> list[Part]:
    """A wide foot that narrows to a neck, a stem, a leaf on some."""
    lean = f.vary(0, -0.12, 0.12)
    body = blend(circle(f, 0, -0.38, f.vary(1, 0.5, 0.58)), circle(f, lean, 0.3, f.vary(2, 0.24, 0.31)), 0.55)
    leaf = ellipse(f, lean + 0.28, 0.76, f.vary(3, 0.02, 0.3), 0.1)
    return [("body", body), ("wood", stroke(f, lean, 0.5, lean + f.vary(4, 0, 0.2), 0.96, 0.06)), ("leaf", leaf)]


def cat(f: Frame) -> list[Part]:
    """A face with pointed ears and whiskers."""
    wide = f.vary(0, 0.64, 0.76)
    head = ellipse(f, 0, -0.16, wide, f.vary(1, 0.56, 0.68))
    tip = f.vary(2, 0.82, 0.96)
    ears = join(
        polygon(f, (-0.7, -0.1), (-0.64, tip), (-0.08, 0.36)), polygon(f, (0.7, -0.1), (0.08, 0.36), (0.64, tip))
    )
    inner = join(
        polygon(f, (-0.58, 0.28), (-0.56, tip - 0.22), (-0.26, 0.36)),
        polygon(f, (0.58, 0.28), (0.26, 0.36), (0.56, tip - 0.22)),
    )
    apart = f.vary(3, 0.24, 0.32)
    eyes = join(ellipse(f, apart, -0.04, 0.12, 0.15), ellipse(f, -apart, -0.04, 0.12, 0.15))
    muzzle = ellipse(f, 0, -0.46, f.vary(4, 0.2, 0.32), 0.2)
    whiskers = join(stroke(f, -0.98, -0.32, 0.98, -0.5, 0.035), stroke(f, -0.98, -0.52, 0.98, -0.3, 0.035))
    nose = polygon(f, (-0.12, -0.28), (0.12, -0.28), (0, -0.42))
    return [
        ("body", join(head, ears)),
        ("pink", inner),
        ("light", muzzle),
        ("line", cut(whiskers, box(f, 0, -0.4, 0.3, 0.4))),
        ("dark", eyes),
        ("pink", nose),
    ]


def rabbit(f: Frame) -> list[Part]:
    """A small face under two long ears, one of which may hang."""
    lean, long = f.vary(0, 0.0, 0.22), f.vary(1, 0.78, 0.96)
    head = ellipse(f, 0, -0.42, f.vary(2, 0.48, 0.58), f.vary(3, 0.46, 0.54))
    right, left = 0.24 + lean, -0.24 - lean * 0.6
    ears = join(stroke(f, 0.2, 0.0, right, long - 0.15, 0.16), stroke(f, -0.2, 0, left, long - 0.15, 0.16))
    inner = join(stroke(f, 0.21, 0.1, right, long - 0.2, 0.07), stroke(f, -0.21, 0.1, left, long - 0.2, 0.07))
    eyes = join(circle(f, 0.22, -0.32, 0.1), circle(f, -0.22, -0.32, 0.1))
    muzzle = ellipse(f, 0, -0.66, 0.22, 0.16)
    teeth = box(f, 0, -0.84, 0.09, 0.1)
    return [
        ("body", join(head, ears)),
        ("pink", inner),
        ("light", join(muzzle, teeth)),
        ("dark", eyes),
        ("pink", circle(f, 0, -0.55, 0.09)),
    ]


def fish(f: Frame) -> list[Part]:
    """A long oval with a forked tail, fins, a round eye and a stripe."""
    deep = f.vary(0, 0.32, 0.52)
    body = ellipse(f, 0.18, 0, f.vary(1, 0.66, 0.78), deep)
    spread = f.vary(2, 0.36, 0.56)
    tail = join(
        polygon(f, (-0.96, spread), (-0.3, 0.06), (-0.3, -0.08), (-0.78, 0)),
        polygon(f, (-0.96, -spread), (-0.78, 0), (-0.3, 0.08), (-0.3, -0.06)),
    )
    fin = polygon(f, (-0.2, deep * 0.8), (-0.1, deep + f.vary(3, 0.12, 0.34)), (0.42, deep * 0.8))
    side = f.vary(4, -0.2, 0.2)
    stripe = np.maximum(box(f, side, 0, f.vary(5, 0.04, 0.12), 0.7), body + 0.02)
    return [
        ("accent", join(tail, fin)),
        ("body", body),
        ("accent", stripe),
        ("light", circle(f, 0.6, 0.1, 0.14)),
        ("dark", circle(f, 0.62, 0.1, 0.075)),
    ]


def bird(f: Frame) -> list[Part]:
    """A side view: plump body, round head with a beak, a wing, a tail and two thin legs."""
    plump = f.vary(0, 0.34, 0.46)
    body = ellipse(f, -0.02, -0.08, 0.56, plump)
    head_x, head_y = f.vary(1, 0.38, 0.5), f.vary(2, 0.38, 0.52)
    head = circle(f, head_x, head_y, 0.27)
    tail = polygon(f, (-0.98, f.vary(3, -0.1, 0.4)), (-0.3, 0.2), (-0.3, -0.22), (-0.9, -0.16))
    beak = polygon(
        f,
        (head_x + 0.2, head_y + 0.14),
        (head_x + 0.54, head_y - 0.04),
        (head_x + 0.2, head_y - 0.14),
    )
    legs = join(stroke(f, -0.08, -0.4, -0.02, -0.95, 0.045), stroke(f, 0.14, -0.4, 0.2, -0.95, 0.045))
    wing = ellipse(f, -0.14, f.vary(4, -0.06, 0.06), f.vary(5, 0.3, 0.4), 0.2)
    return [
        ("line", legs),
        ("beak", beak),
        ("body", blend(join(body, tail), head, 0.15)),
        ("shade", wing),
        ("dark", circle(f, head_x + 0.08, head_y + 0.06, 0.07)),
    ]


def tree(f: Frame) -> list[Part]:
    """A trunk under a round crown of leaves, or under the tiers of a conifer."""
    trunk = box(f, 0, -0.65, f.vary(0, 0.09, 0.17), 0.35)
    wide = f.vary(1, 0.36, 0.5)
    crown = join(
        circle(f, -0.38, 0.05, wide), circle(f, 0.38, 0.05, wide), circle(f, f.vary(2, -0.12, 0.12), 0.46, 0.5)
    )
    reach = f.vary(3, 0.56, 0.8)
    low = polygon(f, (-reach, -0.45), (0, 0.35), (reach, -0.45))
    middle = polygon(f, (-reach * 0.8, -0.05), (0, 0.7), (reach * 0.8, -0.05))
    top = polygon(f, (-reach * 0.55, 0.38), (0, 0.98), (reach * 0.55, 0.38))
    return [("wood", trunk), ("body", f.either(4, crown, join(low, middle, top)))]


def mushroom(f: Frame) -> list[Part]:
    """A domed cap, often spotted, on a pale stem."""
    rim = f.vary(0, -0.16, 0.08)
    cap = np.maximum(ellipse(f, 0, rim, f.vary(1, 0.68, 0.92), f.vary(2, 0.6, 0.85)), rim - f.v)
    stem = blend(
        box(f, 0, -0.45, f.vary(3, 0.15, 0.27), 0.5, 0.1), ellipse(f, 0, -0.82, f.vary(4, 0.2, 0.36), 0.14), 0.2
    )
    dot = f.vary(5, 0.0, 0.15)
    spots = join(
        circle(f, -0.4, rim + 0.24, dot),
        circle(f, 0.06, rim + 0.44, dot),
        circle(f, 0.44, rim + 0.2, dot),
    )
    return [("light", stem), ("body", cap), ("light", spots)]


def flower(f: Frame) -> list[Part]:
    """Five to eight petals round a heart, on a stem with a leaf."""
    angle = np.arctan2(f.u, f.v - 0.3)
    petals = np.round(f.vary(0, 5, 8))
    deep = f.vary(2, 0.1, 0.2)
    outline = circle(f, 0, 0.3, f.vary(1, 0.46, 0.54)) - deep * np.cos(petals * angle)
    outline /= np.sqrt(1 + (2 * deep * petals * np.sin(petals * angle)) ** 2)  # 2: about 1 / radius
    stem = stroke(f, 0, 0.1, f.vary(3, -0.2, 0.2), -0.98, 0.07)
    leaf = ellipse(f, f.vary(5, 0.2, 0.34), -0.6, 0.26, 0.11)
    return [("leaf", join(stem, leaf)), ("body", outline), ("heart", circle(f, 0, 0.3, f.vary(4, 0.15, 0.25)))]
