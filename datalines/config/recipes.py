"""Section `recipes`: how a model is trained."""

from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from datalines.config.base import Number, Pair, Positive, Slug, Spec


class Optimizer(Spec):
    """Settings of AdamW."""

    lr: Annotated[Number, Field(gt=0)] = Field(description="Peak learning rate.")
    betas: Annotated[list[Annotated[Number, Field(ge=0, lt=1)]], Field(min_length=2, max_length=2)] = Field(
        default=[0.9, 0.999], description="Decay of the two running means."
    )
    eps: Annotated[Number, Field(gt=0)] = Field(default=1e-8, description="Added to the denominator.")
    weight_decay: Annotated[Number, Field(ge=0)] = Field(default=0.0, description="Decoupled weight decay.")


class Augmentation(Spec):
    """Random crop and flip of training images."""

    scale: Pair = Field(default=[1.0, 1.0], description="Area of the crop / image, [smallest, largest].")
    ratio: Pair = Field(default=[1.0, 1.0], description="Width / height of the crop, [smallest, largest].")
    flip: bool = Field(default=False, description="Mirror half of the images.")

    @field_validator("scale", "ratio")
    @classmethod
    def _positive(cls, pair: list[float], info: ValidationInfo) -> list[float]:
        if pair[0] <= 0:
            raise ValueError(f"is {pair}; both numbers must be greater than 0")
        if info.field_name == "scale" and pair[1] > 1:
            raise ValueError(f"is {pair}; a crop is at most the whole image, 1.0")
        return pair


class Recipe(Spec):
    """One way of training: objective, network, budget."""

    objective: Literal["clip", "supervised"] = Field(description="Contrastive image-text, or classification of labels.")
    model: Slug = Field(description="Network: config/models/<slug>.json, stored with every run.")
    classes: Slug | None = Field(default=None, description="Class list that is learnt; supervised only.")
    version: Positive = Field(default=1, description="Raise it when the numbers may move although no key here changed.")
    epochs: Positive = Field(description="Passes over the mixture.")
    keep: Annotated[list[Positive], Field(min_length=1)] = Field(description="Epochs kept and evaluated.")
    batch: Annotated[int, Field(ge=2)] = Field(description="Samples in one step.")
    optimizer: Optimizer = Field(description="Settings of AdamW.")
    warmup_steps: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Steps of linear warm-up, before cosine decay."
    )
    augmentation: Augmentation = Field(default=Augmentation(), description="Random crop and flip.")
    grad_clip: Annotated[Number, Field(gt=0)] | None = Field(
        default=None, description="Largest gradient norm; null: any."
    )
    checkpoint_seconds: Annotated[Number, Field(gt=0)] = Field(
        default=30.0, description="How often the state to resume from is saved, in seconds."
    )

    @field_validator("keep")
    @classmethod
    def _keep(cls, keep: list[int], info: ValidationInfo) -> list[int]:
        if keep != sorted(set(keep)):
            raise ValueError(f"is {keep}; write the epochs in rising order, each once: {sorted(set(keep))}")
        epochs = info.data.get("epochs")
        if epochs is not None and keep[-1] > epochs:
            raise ValueError(f"keeps epoch {keep[-1]}, but training ends after epoch {epochs}")
        return keep

    @model_validator(mode="after")
    def _classes(self) -> Self:
        if self.objective == "supervised" and self.classes is None:
            raise ValueError("a supervised recipe needs classes: <class list>")
        if self.objective == "clip" and self.classes is not None:
            raise ValueError("a clip recipe learns from captions; remove `classes`")
        return self
