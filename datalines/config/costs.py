"""Section `costs`: what steps take on stated hardware. `datalines plan` reckons with it; no result depends on it."""

from typing import Annotated, Literal

from pydantic import Field

from datalines.config.base import Number, Positive, Slug, Spec, Text

Rate = Annotated[Number, Field(gt=0)]
Amount = Annotated[Number, Field(ge=0)]


class RuleCost(Spec):
    """What the jobs of one rule take. What an item is depends on the rule (config/README.md)."""

    job: Amount = Field(default=3.0, description="Seconds of every job, whatever it does: start-up, imports, receipts.")
    item: Amount = Field(default=0.0, description="Seconds of one core for each item, beside its image.")
    decodes: Amount = Field(default=0.0, description="Times that each item's image is decoded.")
    copies: Amount = Field(default=0.0, description="Copies of each item's image that stay on the disk.")
    bytes: Amount = Field(default=0.0, description="Bytes that each item leaves beside them.")
    pace: Rate | None = Field(default=None, description="Most items a second of one job, where others set the pace.")


class ImageCost(Spec):
    """What one image of a kind of pool or evaluation set takes."""

    obtain: Amount = Field(default=0.0, description="Seconds of one core to draw it, or to read it from its archive.")
    decode: Amount = Field(default=0.0, description="Seconds of one core to decode it.")
    bytes: Amount = Field(default=0.0, description="Bytes as it is stored.")


class Speed(Spec):
    """How fast a network runs on one core or one GPU, loading included."""

    train: Rate = Field(description="Images a second, forward and backward.")
    evaluate: Rate = Field(description="Images a second, forward only.")
    together: Positive = Field(default=1, description="Runs that share the device at this speed of each.")


class ModelCost(Spec):
    """What one network takes."""

    cpu: Speed | None = Field(default=None, description="On one core.")
    gpu: Speed | None = Field(default=None, description="On one GPU.")
    weights: Amount = Field(default=0.0, description="Bytes of its weights, which every kept epoch leaves.")


class PoolCost(Spec):
    """What is different for one pool."""

    pace: Rate | None = Field(default=None, description="Most images a second that its hosts give.")
    bytes: Amount | None = Field(default=None, description="Bytes of one stored image.")


class Costs(Spec):
    """Speeds by rule, kind of image, network and pool, and the hardware that they were measured on."""

    hardware: dict[Literal["cpu", "gpu"], Text] = Field(
        default={}, description="What one core and one GPU are, and whether their speeds were measured or estimated."
    )
    images: dict[Literal["testbed", "folder", "cifar", "shards", "urls"], ImageCost] = Field(
        default={}, description="Kind of a pool or shift -> what one of its images takes."
    )
    rules: dict[Text, RuleCost] = Field(default={}, description="Rule -> what its jobs take.")
    models: dict[Slug, ModelCost] = Field(default={}, description="Network in config/models -> what it takes.")
    pools: dict[Slug, PoolCost] = Field(default={}, description="Pool -> what is different for it.")
    again: Annotated[Number, Field(ge=0, le=1)] = Field(
        default=0.2, description="Share of the requests of a round that the next round asks again."
    )
