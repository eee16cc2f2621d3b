"""How the testbed draws its made things: each class is a list of inked figures, back to front (see `shapes_nature`)."""

import numpy as np

from datalines.testbed.geometry import Frame, blend, box, circle, cut, ellipse, join, polygon, ring, stroke
from datalines.testbed.shapes_nature import Part


def bottle(f: Frame) -> list[Part]:
    """Shoulders that narrow to a neck with a stopper; a label on the belly."""
    wide, shoulder = f.vary(0, 0.26, 0.38), f.vary(1, 0.0, 0.2)
    low = (shoulder - 0.98) * 0.5
    belly = box(f, 0, low, wide, low + 0.98, 0.1)
    body = blend(belly, box(f, 0, 0.5, f.vary(2, 0.09, 0.14), 0.42), 0.3)
    cap = box(f, 0, 0.88, f.vary(3, 0.13, 0.18), 0.1)
    return [("body", body), ("light", box(f, 0, low, wide * 0.9, f.vary(4, 0.12, 0.28))), ("accent", cap)]


def mug(f: Frame) -> list[Part]:
    """A straight cup with a handle, its mouth seen from slightly above; a band on some."""
    wide, tall = f.vary(0, 0.46, 0.58), f.vary(1, 0.58, 0.74)
    handle = ring(ellipse(f, wide - 0.12, -0.08, f.vary(2, 0.3, 0.4), f.vary(3, 0.3, 0.42)), 0.085)
    cup = join(box(f, -0.12, -0.08, wide, tall, 0.1), ellipse(f, -0.12, tall - 0.08, wide, 0.16))
    mouth = ellipse(f, -0.12, tall - 0.08, wide - 0.08, 0.1)
    band = box(f, -0.12, f.vary(4, -0.4, 0.1), wide, f.vary(5, -0.04, 0.14))
    return [("body", cut(handle, cup)), ("body", cup), ("accent", band), ("shade", mouth)]


def car(f: Frame) -> list[Part]:
    """A side view: low body, a cabin with two windows, two wheels."""
    roof, front, back = f.vary(0, 0.4, 0.58), f.vary(1, 0.1, 0.4), f.vary(2, 0.35, 0.7)
    body = box(f, 0, -0.18, 0.95, f.vary(3, 0.22, 0.3), 0.12)
    cabin = polygon(f, (-back - 0.2, 0), (-back, roof), (front, roof), (front + 0.35, 0))
    inset = 0.1
    glass = polygon(
        f, (-back - 0.08, 0.06), (-back + 0.04, roof - inset), (front - 0.04, roof - inset), (front + 0.2, 0.06)
    )
    size = f.vary(4, 0.19, 0.26)
    wheels = join(circle(f, -0.54, -0.42, size), circle(f, 0.54, -0.42, size))
    return [
        ("body", blend(body, cabin, 0.08)),
        ("glass", cut(glass, box(f, f.vary(5, -0.2, 0.05), 0.2, 0.05, 0.5))),
        ("dark", wheels),
        ("grey", wheels + 0.12),
    ]


def bus(f: Frame) -> list[Part]:
    """A long box with a row of windows, a band, two wheels."""
    top = f.vary(0, 0.5, 0.68)
    middle = (top - 0.5) * 0.5
    body = box(f, 0, middle, 0.96, middle + 0.5, 0.1)
    pitch = 2 / f.vary(1, 4.5, 7.5)
    along = f.u / pitch
    along -= np.floor(along)
    panes = np.maximum((np.abs(along - 0.5) - 0.36) * pitch, box(f, 0, top - 0.3, 0.86, f.vary(2, 0.14, 0.2)))
    size = f.vary(3, 0.16, 0.21)
    apart = f.vary(4, 0.5, 0.62)
    wheels = join(circle(f, -apart, -0.52, size), circle(f, apart, -0.52, size))
    band = box(f, 0, f.vary(5, -0.3, -0.2), 0.95, 0.07)
    return [("body", body), ("accent", band), ("glass", panes), ("dark", wheels), ("grey", wheels + 0.1)]


def house(f: Frame) -> list[Part]:
    """A wall under a pitched roof, a door, a window or two, a chimney on some."""
    wide, eaves, peak = f.vary(0, 0.55, 0.75), f.vary(1, 0.0, 0.18), f.vary(2, 0.68, 0.96)
    low = (eaves - 0.9) * 0.5
    wall = box(f, 0, low, wide, low + 0.9)
    over = wide + 0.18
    roof = polygon(f, (-over, eaves), (0, peak), (over, eaves))
    chimney = box(f, wide * 0.6, 0.5, 0.09, f.vary(3, 0.05, 0.36))
    side = f.vary(4, -0.3, 0.3)
    door = box(f, side, -0.66, 0.14, 0.25)
    windows = box(f, side - np.sign(side + np.float32(1e-6)) * 0.42, -0.34, 0.14, f.vary(5, 0.12, 0.18))
    return [("accent", chimney), ("body", wall), ("accent", roof), ("wood", door), ("glass", windows)]


def boat(f: Frame) -> list[Part]:
    """A hull with a mast and one or two sails."""
    deck, keel = f.vary(0, -0.46, -0.32), f.vary(1, 0.4, 0.65)
    hull = polygon(f, (-0.92, deck), (0.96, deck), (keel, -0.88), (-keel, -0.88))
    at, top = f.vary(2, -0.12, 0.06), f.vary(3, 0.8, 0.96)
    mast = stroke(f, at, deck, at, top, 0.05)
    main = polygon(f, (at + 0.1, -0.22), (at + 0.1, top), (f.vary(4, 0.6, 0.85), -0.22))
    jib = polygon(f, (at - 0.1, -0.22), (f.vary(5, -0.72, -0.3), -0.22), (at - 0.1, top - 0.25))
    return [("wood", mast), ("light", main), ("accent", jib), ("body", hull)]


def umbrella(f: Frame) -> list[Part]:
    """An open canopy with a scalloped hem, a thin shaft and a hooked handle."""
    hem, hook = f.vary(0, 0.0, 0.14), f.vary(1, 0.12, 0.2)
    dome = ellipse(f, 0, hem, f.vary(2, 0.86, 0.97), f.vary(3, 0.66, 0.84))
    scallop = np.abs(f.u * 2)
    scallop -= np.floor(scallop)
    hem_line = hem - f.v + 0.5 * scallop * (1 - scallop)
    canopy = np.maximum(dome, hem_line)
    gores = np.maximum(np.abs(f.u) - f.vary(4, 0.2, 0.34) * (1.02 + hem - f.v), canopy)
    shaft = stroke(f, 0, 0.1, 0, -0.75, 0.05)
    crook = np.maximum(ring(circle(f, hook, -0.75, hook), 0.055), f.v + 0.75)
    return [("dark", join(shaft, crook)), ("body", canopy), ("accent", gores)]


def lamp(f: Frame) -> list[Part]:
    """A table lamp: a tapered shade on a thin pole over a foot."""
    hem, brim, crown = f.vary(0, -0.05, 0.2), f.vary(1, 0.55, 0.78), f.vary(2, 0.22, 0.4)
    shade = polygon(f, (-brim, hem), (-crown, 0.95), (crown, 0.95), (brim, hem))
    pole = stroke(f, 0, hem, 0, -0.85, f.vary(3, 0.04, 0.08))
    vase = ellipse(f, 0, -0.55, f.vary(4, 0.04, 0.24), 0.3)
    foot = join(pole, vase, box(f, 0, -0.88, f.vary(5, 0.3, 0.46), 0.09, 0.05))
    trim = np.maximum(shade + 0.01, f.v - hem - 0.14)
    return [("accent", foot), ("body", shade), ("shade", trim)]


def chair(f: Frame) -> list[Part]:
    """A tall back, a slanted seat and four legs."""
    back, seat = f.vary(0, 0.78, 0.98), f.vary(1, -0.16, 0.02)
    left, right = f.vary(2, -0.58, -0.44), f.vary(3, 0.36, 0.5)
    posts = join(stroke(f, left, -0.9, left, back, 0.07), stroke(f, right, -0.62, right, back, 0.07))
    front = join(
        stroke(f, left + 0.22, seat - 0.2, left + 0.22, -0.98, 0.07),
        stroke(f, right + 0.24, seat - 0.2, right + 0.24, -0.98, 0.07),
    )
    rest = polygon(f, (left, f.vary(4, 0.15, 0.5)), (left, back), (right, back), (right, f.vary(4, 0.15, 0.5)))
    slab = polygon(
        f, (left, seat + 0.14), (right, seat + 0.14), (right + 0.34, seat - 0.22), (left + 0.18, seat - 0.22)
    )
    return [("shade", join(posts, front)), ("body", rest), ("accent", slab)]


def clock(f: Frame) -> list[Part]:
    """A round face in a rim with marks and two hands; an alarm clock's bells and feet on some."""
    rim = circle(f, 0, -0.04, 0.82)
    bells = join(circle(f, 0.56, 0.66, f.vary(0, 0.1, 0.3)), circle(f, -0.56, 0.66, f.vary(0, 0.1, 0.3)))
    feet = join(
        stroke(f, 0.4, -0.6, 0.6, -0.94, f.vary(1, 0.01, 0.1)), stroke(f, -0.4, -0.6, -0.6, -0.94, f.vary(1, 0.01, 0.1))
    )
    hour, minute = f.vary(2, 0, 6.2832), f.vary(3, 0, 6.2832)
    hands = join(
        stroke(f, 0, -0.04, 0.32 * np.sin(hour), 0.32 * np.cos(hour) - 0.04, 0.065),
        stroke(f, 0, -0.04, 0.5 * np.sin(minute), 0.5 * np.cos(minute) - 0.04, 0.045),
    )
    marks = cut(join(box(f, 0, -0.04, 0.045, 0.62), box(f, 0, -0.04, 0.62, 0.045)), circle(f, 0, -0.04, 0.48))
    return [
        ("accent", join(bells, feet)),
        ("body", rim),
        ("light", rim + f.vary(4, 0.12, 0.24)),
        ("dark", join(hands, marks)),
    ]


def key(f: Frame) -> list[Part]:
    """A ring bow, a thin shaft, two or three bits."""
    bow, thick = f.vary(0, 0.24, 0.34), f.vary(1, 0.07, 0.12)
    shape = ring(ellipse(f, -0.56, 0, bow, f.vary(2, 0.24, 0.36)), thick)
    shaft = stroke(f, -0.56 + bow, 0, 0.9, 0, 0.085)
    bits = join(
        box(f, 0.82, -0.18, 0.08, f.vary(3, 0.14, 0.26)),
        box(f, f.vary(4, 0.5, 0.6), -0.18, 0.08, f.vary(5, 0.12, 0.26)),
    )
    return [("body", join(shape, shaft, bits))]
