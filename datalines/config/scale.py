"""Section `study`: what a scale is for. It stands in scale files only."""

from typing import Annotated

from pydantic import Field

from datalines.config.base import Slugs, Spec, Text


class StudyInfo(Spec):
    """Purpose and targets of a scale."""

    title: Text = Field(description="One line.")
    description: str = Field(default="", description="What the scale shows and what it costs.")
    targets: Annotated[Slugs, Field(min_length=1)] = Field(description="Papers that are built by default.")
    follow_code: bool = Field(
        default=True, description="Repeat expensive steps when their code changed; otherwise only on `version`."
    )
    overlap_distance: Annotated[int, Field(ge=0, le=16)] = Field(
        default=4,
        description="Largest number of differing bits of two perceptual hashes that the overlap table counts.",
    )
    substitutions: list[Text] = Field(
        default=[], description="What differs from the papers, in sentences for the report."
    )
