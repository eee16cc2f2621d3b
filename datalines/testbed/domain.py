"""What a testbed source or shift is: one frozen model whose every setting can be written in YAML.

A domain says how images look (styles, pose, scenes, colours, difficulty), which classes they show and how often, and
how their captions are worded and how noisy they are. It says nothing of how many images there are or of their seed:
those belong to the pool or shift that uses the domain. This module imports no array library, so that config is checked
fast.
"""

from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

CLASSES: tuple[str, ...] = (
    "apple", "pear", "bottle", "mug", "car", "bus", "cat", "rabbit", "fish", "bird",
    "house", "boat", "tree", "mushroom", "umbrella", "lamp", "chair", "clock", "flower", "key",
)  # fmt: skip

Style = Literal["photo", "product", "rendition", "sketch"]
Scene = Literal["grass", "sand", "snow", "sky", "water", "wood", "brick", "tiles", "street", "room", "night", "cloth"]
Wording = Literal["prompt", "title", "alt-text", "sentence", "lowercase-post", "encyclopedic", "keywords"]

STYLES: tuple[Style, ...] = get_args(Style)
SCENES: tuple[Scene, ...] = get_args(Scene)
WORDINGS: tuple[Wording, ...] = get_args(Wording)


def _shares(mix: dict[str, float]) -> dict[str, float]:
    if any(share < 0 for share in mix.values()):
        raise ValueError(f"shares must not be negative: {mix}")
    if abs(sum(mix.values()) - 1.0) > 1e-6:
        raise ValueError(f"shares must sum to 1, these sum to {sum(mix.values()):g}: {mix}")
    return mix


def _ordered(span: tuple[float, float]) -> tuple[float, float]:
    if span[0] > span[1]:
        raise ValueError(f"write the smaller number first: [{span[1]}, {span[0]}]")
    return span


def _class_list(names: tuple[str, ...]) -> tuple[str, ...]:
    unknown = sorted(set(names) - set(CLASSES))
    if unknown:
        raise ValueError(f"unknown classes {unknown}; the testbed draws {list(CLASSES)}")
    if len(set(names)) != len(names):
        raise ValueError("a class is listed twice")
    return names


Probability = Annotated[float, Field(ge=0, le=1)]
Angles = Annotated[
    tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-180, le=180)]], AfterValidator(_ordered)
]
Scales = Annotated[
    tuple[Annotated[float, Field(ge=0.2, le=1.5)], Annotated[float, Field(ge=0.2, le=1.5)]], AfterValidator(_ordered)
]
Pixels = Annotated[
    tuple[Annotated[int, Field(ge=16, le=128)], Annotated[int, Field(ge=16, le=128)]], AfterValidator(_ordered)
]
Ratios = Annotated[
    tuple[Annotated[float, Field(ge=0.4, le=2.5)], Annotated[float, Field(ge=0.4, le=2.5)]], AfterValidator(_ordered)
]


class Domain(BaseModel):
    """A distribution over (image, caption, class), drawn by `datalines.testbed.generate`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    styles: Annotated[dict[Style, float], AfterValidator(_shares)] = Field(
        default={"photo": 1.0}, description="Share of each style; the shares sum to 1."
    )
    classes: Annotated[tuple[str, ...], AfterValidator(_class_list)] = Field(
        default=(), description="Classes shown, the most frequent first; empty means all of the testbed's classes."
    )
    class_skew: float = Field(
        default=0.0,
        ge=0,
        le=2,
        description="Zipf exponent of the class frequencies: class k has weight k^-skew; 0 is balanced.",
    )
    rotation: Angles = Field(
        default=(-15.0, 15.0), description="Rotation of the object in degrees, [smallest, largest]."
    )
    scale: Scales = Field(
        default=(0.7, 0.95), description="Size of the object as a share of the shorter side, [smallest, largest]."
    )
    offset: float = Field(
        default=0.08,
        ge=0,
        le=0.5,
        description="Largest shift of the object from the centre, as a share of the shorter side.",
    )
    shear: float = Field(default=0.1, ge=0, le=0.8, description="Largest sideways slant of the object, either way.")
    foreshortening: float = Field(
        default=0.1, ge=0, le=0.6, description="Largest share of its height that an object loses to the viewpoint."
    )
    mirrored: Probability = Field(default=0.5, description="Probability that the object is drawn mirrored.")
    variation: Probability = Field(
        default=0.7,
        description="How far the proportions of an object may leave those of its class's mean shape; 1 is most.",
    )
    scenes: Annotated[dict[Scene, float], AfterValidator(_shares)] = Field(
        default=dict.fromkeys(SCENES, 1 / len(SCENES)),
        description="Share of each background scene among photos and paintings; the shares sum to 1. "
        "Product shots, cartoons and sketches have backgrounds of their own.",
    )
    typical_colour: Probability = Field(
        default=0.75, description="Probability that the object has a colour usual for its class; otherwise any colour."
    )
    colour_jitter: Probability = Field(
        default=0.3, description="Strength of the random changes of colour and white balance."
    )
    contrast: Scales = Field(
        default=(0.8, 1.1), description="Contrast of photos and paintings, [smallest, largest]; 1 is natural."
    )
    light: Probability = Field(default=0.7, description="Strength of the light and shade on photographed objects.")
    blur: float = Field(
        default=0.5,
        ge=0,
        le=3,
        description="Largest blur of photos and paintings: widths of a 1-2-1 average, in passes.",
    )
    noise: float = Field(
        default=0.03, ge=0, le=0.3, description="Largest standard deviation of sensor noise, as a share of white."
    )
    clutter: Probability = Field(default=0.2, description="Probability that other shapes lie around the object.")
    occlusion: Probability = Field(default=0.05, description="Probability that something covers a part of the object.")
    size: Pixels = Field(default=(32, 40), description="Shorter side of the image in pixels, [smallest, largest].")
    aspect: Ratios = Field(default=(0.75, 1.35), description="Width divided by height, [smallest, largest].")
    jpeg_quality: int = Field(
        default=90, ge=30, le=100, description="Quality with which the images are stored as JPEG."
    )
    wordings: Annotated[dict[Wording, float], AfterValidator(_shares)] = Field(
        default={"sentence": 1.0}, description="Share of each flavour of caption; the shares sum to 1."
    )
    class_missing: Probability = Field(
        default=0.0, description="Probability that a caption does not name the class (another true noun stands in)."
    )
    wrong_caption: Probability = Field(
        default=0.0, description="Probability that a caption describes another image of the domain."
    )
    word_drop: Probability = Field(
        default=0.0, description="Probability with which each word other than the class name is left out."
    )
