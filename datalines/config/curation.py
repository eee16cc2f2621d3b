"""Sections `exclusions` and `scorers`: what must not be used, and who judges whether image and text agree."""

from typing import Literal

from pydantic import Field

from datalines.config.base import Positive, Sha256, Slug, Slugs, Spec, Text


class Exclusion(Spec):
    """A list of what must not be used, such as requests of takedown."""

    path: Text = Field(
        description="Csv with any of the columns pool, id, url, key, sha256, reason; or one id or address a line."
    )
    pools: Slugs | None = Field(default=None, description="Pools it is about; without it, all.")
    note: str = Field(default="", description="Where the list comes from, and its date.")


class Scorer(Spec):
    """A CLIP model whose cosine of image and caption is the score of a pair."""

    model: Text | None = Field(default=None, description="Name of an open_clip model, such as ViT-B-32.")
    network: Slug | None = Field(default=None, description="config/models/<network>.json, instead of `model`.")
    weights: Text = Field(description="File of the weights; $NAME is taken from the environment. Never downloaded.")
    weights_sha256: Sha256 | None = Field(default=None, description="Checked before anything is scored.")
    precision: Literal["fp32", "fp16", "bf16"] = Field(default="fp32", description="Half precision needs a GPU.")
    device: Literal["auto", "cpu", "cuda"] = Field(default="auto", description="Where it runs.")
    batch: Positive = Field(default=256, description="Pairs in one batch.")
    version: Positive = Field(default=1, description="Raise it when the scores may move although no key changed.")
