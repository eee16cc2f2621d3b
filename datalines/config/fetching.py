"""Section `fetch`: how politely and how persistently images are asked for; and what is done with what comes back."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from datalines.config.base import Number, Positive, Spec, Text

Seconds = Annotated[Number, Field(gt=0)]
Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+$")]


def _contact(text: str) -> str:
    if "@" in text or text.startswith(("https://", "http://")):
        return text
    raise ValueError(f"is {text!r}; write an address at which a site's owner reaches you: a mail address or a page")


class Timeouts(Spec):
    """Seconds after which waiting ends."""

    connect: Seconds = Field(default=10.0, description="For a connection, after its name is resolved.")
    read: Seconds = Field(default=20.0, description="Between two pieces of an answer.")
    total: Seconds = Field(default=90.0, description="For one attempt as a whole.")


class Tries(Spec):
    """How often one image is asked for; the two budgets are separate."""

    connect: Positive = Field(default=3, description="Tries that end without a connection (resolution, connect, TLS).")
    http: Positive = Field(default=3, description="Tries that end with 408, 429, 5xx, a time-out or a lost connection.")


class Backoff(Spec):
    """Exponential back-off with full jitter: a random wait up to base * 2^n seconds, at most `cap`."""

    base: Seconds = Field(default=1.0, description="First bound.")
    cap: Seconds = Field(default=60.0, description="Largest bound.")
    retry_after: Seconds = Field(
        default=600.0, description="Longest Retry-After that is waited for; a longer one ends the request as throttled."
    )


class HostLimit(Spec):
    """What one host is asked at most."""

    rate: Seconds | None = Field(default=None, description="Requests a second on average; null is no limit.")
    burst: Positive = Field(default=10, description="Requests at once after a pause.")
    concurrency: Positive = Field(default=16, description="Requests under way at the same time.")


class OptOut(Spec):
    """A header by which sites refuse the use of their images."""

    header: Text = Field(default="X-Robots-Tag", description="Name of the header.")
    tokens: list[Text] = Field(
        default=["noai", "noimageai", "noindex", "noimageindex"],
        description="Directives that are respected and counted as opt_out; [] respects none.",
    )


class Fetch(Spec):
    """How images are obtained from a list of addresses. A pool may change single keys under its own `fetch`."""

    contact: Annotated[str, AfterValidator(_contact)] | None = Field(
        default=None, description="Mail address or page sent with every request; nothing is asked for without it."
    )
    concurrency: Positive = Field(default=128, description="Requests under way at the same time, all hosts together.")
    timeout: Timeouts = Field(default=Timeouts(), description="When waiting ends.")
    tries: Tries = Field(default=Tries(), description="How often an image is asked for.")
    backoff: Backoff = Field(default=Backoff(), description="Waits between tries.")
    host: HostLimit = Field(default=HostLimit(), description="Limits of every host.")
    hosts: dict[Host, HostLimit] = Field(default={}, description="Other limits for single hosts, by name.")
    max_bytes: Positive = Field(default=50_000_000, description="Largest image taken, in bytes.")
    max_redirects: Annotated[int, Field(ge=0)] = Field(default=5, description="Redirects followed.")
    opt_out: OptOut = Field(default=OptOut(), description="Refusals that are respected.")
    removed: list[Text] = Field(
        default=["imgur.com/removed.png"], description="Ends of final addresses that stand for a removed image."
    )
    allow_private: bool = Field(
        default=False, description="Whether private and loopback addresses may be asked (a server of your own)."
    )
    outage_share: Annotated[Number, Field(gt=0, le=1)] = Field(
        default=0.5, description="A part is refused if more of its addresses fail to resolve or connect."
    )
    outage_minimum: Positive = Field(default=20, description="Such failures needed before a part is refused.")
    backend: Literal["datalines", "img2dataset"] = Field(
        default="datalines", description="Who fetches: this project, or img2dataset in its own environment."
    )


class ImageForm(Spec):
    """What is stored of a fetched image. It is decoded in full in any case."""

    store: Literal["original", "resized"] = Field(
        default="original", description="The bytes as fetched (JPEG, PNG, WebP; others become JPEG), or a resized JPEG."
    )
    side: Positive | None = Field(default=None, description="Pixels of the side after resizing.")
    by: Literal["longer", "shorter"] | None = Field(default=None, description="Which side gets `side` pixels.")
    upscale: bool = Field(default=False, description="Whether smaller images are enlarged (the RedCaps script does).")
    resample: Literal["area", "bicubic", "lanczos"] = Field(
        default="area",
        description="How images are reduced: area is the mean of the pixels covered, as img2dataset does by default; "
        "bicubic is Pillow's own default. Enlarging is bicubic in any case but lanczos.",
    )
    quality: Annotated[int, Field(ge=1, le=100)] = Field(default=95, description="JPEG quality where one is written.")
    max_pixels: Positive = Field(default=100_000_000, description="Largest width x height that is decoded.")
    min_side: Positive = Field(default=2, description="Shortest side accepted, in pixels; a tracking pixel has 1.")
    animated: Literal["first-frame", "refuse"] = Field(
        default="first-frame", description="What is done with moving images."
    )

    @model_validator(mode="after")
    def _sides(self) -> Self:
        if self.store == "resized" and (self.side is None or self.by is None):
            raise ValueError("store: resized needs side: <pixels> and by: longer or shorter")
        if self.store == "original" and (self.side is not None or self.by is not None or self.upscale):
            raise ValueError("side, by and upscale are for store: resized; remove them, or write store: resized")
        return self
