"""Sections `recipes`, how a model is trained, and `training`, what of it changes no result."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from datalines.config.base import Number, Pair, Positive, Sha256, Slug, Spec, Text, no_repeats


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


class Weights(Spec):
    """A file of weights that training starts from."""

    path: Text = Field(description="Weights of a run, or an open_clip state dict; $NAME is taken from the environment.")
    sha256: Sha256 = Field(description="Digest of the file; it is part of the recipe, the path is not.")


class Initial(Spec):
    """What training starts from; parts that are not named start at random."""

    model: Weights | None = Field(default=None, description="Both towers: fine-tuning.")
    image: Weights | None = Field(default=None, description="The image tower.")
    text: Weights | None = Field(default=None, description="The text tower.")

    def parts(self) -> dict[str, Weights]:
        """The named parts."""
        named = {"model": self.model, "image": self.image, "text": self.text}
        return {part: weights for part, weights in named.items() if weights is not None}

    @model_validator(mode="after")
    def _parts(self) -> Self:
        if self.model is not None and (self.image is not None or self.text is not None):
            raise ValueError("names `model`, which is both towers, and a tower; write one or the other")
        return self


class Training(Spec):
    """What may change while a run is under way: none of it moves a number."""

    checkpoint_seconds: Annotated[Number, Field(gt=0)] = Field(
        default=300.0, description="How often the state to resume from is saved, in seconds."
    )


class Recipe(Spec):
    """One way of training: objective, network, budget."""

    objective: Literal["clip", "supervised"] = Field(description="Contrastive image-text, or classification of labels.")
    head: Literal["linear", "prototype"] | None = Field(
        default=None, description="Of a supervised model: linear, or cosines with learnt prototypes x temperature."
    )
    model: Slug = Field(description="Network: config/models/<slug>.json, stored with every run.")
    classes: Slug | None = Field(default=None, description="Class list that is learnt; supervised only.")
    initial: Initial = Field(default=Initial(), description="Weights that training starts from; without: random.")
    frozen: Annotated[list[Literal["image", "text"]], AfterValidator(no_repeats)] = Field(
        default=[], description="Towers that are not trained; [image] with initial.image is locked-image tuning (LiT)."
    )
    version: Positive = Field(default=1, description="Raise it when the numbers may move although no key here changed.")
    epochs: Positive = Field(description="Passes over the mixture.")
    keep: Annotated[list[Positive], Field(min_length=1)] = Field(description="Epochs kept and evaluated.")
    batch: Annotated[int, Field(ge=2)] = Field(description="Samples in one step, over all GPUs.")
    micro_batch: Annotated[int, Field(ge=2)] | None = Field(
        default=None, description="Samples in one forward pass, over which batch norms average; null: the batch."
    )
    optimizer: Optimizer = Field(description="Settings of AdamW.")
    warmup_steps: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Steps of linear warm-up, before cosine decay."
    )
    augmentation: Augmentation = Field(default=Augmentation(), description="Random crop and flip.")
    grad_clip: Annotated[Number, Field(gt=0)] | None = Field(
        default=None, description="Largest gradient norm; null: any."
    )
    local_loss: bool = Field(
        default=False, description="clip: each rank works out only its own rows of the similarities."
    )
    gather_with_grad: bool = Field(
        default=True, description="clip with local_loss: gradients of other ranks' rows are counted, so they are exact."
    )
    precision: Literal["fp32", "bf16", "fp16"] = Field(
        default="fp32", description="Of the forward pass; bf16 and fp16 by automatic mixed precision."
    )
    channels_last: bool = Field(default=True, description="Memory format of images and convolutions.")
    compile: bool = Field(default=False, description="torch.compile the network.")
    determinism: Literal["fast", "seeded", "deterministic"] = Field(
        default="deterministic",
        description="fast: any algorithm, TF32; seeded: no TF32; deterministic: the same bits on one machine.",
    )
    cpu_threads: Positive = Field(default=1, description="Threads that compute where there is no GPU; they move bits.")
    decoder: Literal["pillow", "pillow-reduced", "torchvision"] = Field(
        default="pillow", description="What decodes JPEGs; pillow is the reference, decoders differ in pixels."
    )
    shuffle_window: Positive = Field(
        default=8192,
        description="Samples that are shuffled together; neighbouring shards are read until there are so many.",
    )
    undecodable: Annotated[int, Field(ge=0)] = Field(
        default=0, description="Samples that may fail to decode before training stops; others take their places."
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

    @field_validator("micro_batch")
    @classmethod
    def _micro_batch(cls, micro: int | None, info: ValidationInfo) -> int | None:
        batch = info.data.get("batch")
        if micro is not None and batch is not None and batch % micro:
            raise ValueError(f"is {micro}, which does not divide the batch of {batch}; write a divisor")
        return micro

    @model_validator(mode="after")
    def _objective(self) -> Self:
        if self.objective == "supervised" and self.classes is None:
            raise ValueError("a supervised recipe needs classes: <class list>")
        if self.objective == "clip" and self.classes is not None:
            raise ValueError("a clip recipe learns from captions; remove `classes`")
        if self.objective == "clip" and self.head is not None:
            raise ValueError("a clip recipe has no head over classes; remove `head`")
        if self.objective == "supervised" and self.local_loss:
            raise ValueError("local_loss concerns the contrastive loss of clip; remove it")
        if self.objective == "supervised" and (self.initial.text is not None or "text" in self.frozen):
            raise ValueError("a supervised recipe has no text tower; remove it from `initial` and `frozen`")
        if self.objective == "clip" and set(self.frozen) == {"image", "text"}:
            raise ValueError("freezes both towers, which leaves only the temperature to train; free one")
        return self
