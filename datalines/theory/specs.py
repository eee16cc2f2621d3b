"""What the simulations of the theory are told: one model per table, with defaults that take seconds."""

from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError

from datalines.config.base import Number, Positive, Seed, Spec, Text
from datalines.errors import DatalinesError

Law = Literal["gaussian", "rademacher", "uniform", "exponential"]
Algorithm = Literal["average", "half", "least-squares"]
Above0 = Annotated[Number, Field(gt=0)]
Cosine = Annotated[Number, Field(ge=-1, le=1)]
Cosines = Annotated[list[Cosine], Field(min_length=2, max_length=2)]
Numbers = Annotated[list[Above0], Field(min_length=1)]
Dimension = Annotated[int, Field(ge=8)]


class Source(Spec):
    """A training distribution of Theorem 1."""

    rho: Above0 = Field(description="Root of the signal-to-noise ratio.")
    cosines: Cosines = Field(description="Cosines with the first and with the second test set.")


class World(Spec):
    """Two test sets and the sources that models are trained on."""

    sources: Annotated[dict[Text, Source], Field(min_length=1)] = Field(
        default={"a": Source(rho=1.0, cosines=[0.9, 0.5]), "b": Source(rho=1.0, cosines=[0.75, 0.8])},
        description="Source -> its distribution.",
    )
    rho: Annotated[list[Above0], Field(min_length=2, max_length=2)] = Field(
        default=[2.0, 1.5], description="Roots of the signal-to-noise ratios of the two test sets."
    )
    between: Cosine = Field(default=0.6, description="Cosine between the two test sets.")


class Universality(World):
    """Models of many kinds against one line (Theorem 1, equation 2)."""

    seed: Seed = 0
    d: Dimension = Field(default=4000, description="Dimension of the models with drawn noise.")
    laws: list[Law] = Field(default=["gaussian", "rademacher", "uniform", "exponential"], description="Model noise.")
    xi: Numbers = Field(default=[0.5, 1.0, 2.0], description="Noise of the training algorithm.")
    alpha: Numbers = Field(default=[0.5, 1.0, 2.0], description="Roots of n / d.")
    repeats: Positive = Field(default=12, description="Models of each kind.")
    algorithms: list[Algorithm] = Field(
        default=["average", "half", "least-squares"], description="Algorithms that are run on drawn pairs."
    )
    d_trained: Dimension = Field(default=320, description="Dimension of the models trained on drawn pairs.")
    test_laws: list[Literal["rademacher", "uniform", "exponential"]] = Field(
        default=["rademacher", "uniform", "exponential"], description="Test noise under which accuracy is sampled."
    )
    samples: Positive = Field(default=4000, description="Test examples of each sampled accuracy.")
    d_tested: Dimension = Field(default=400, description="Dimension of the models that are tested on samples.")


class Deviation(World):
    """Distance of single models from the line, as n and d grow together (Theorem 1, the error term)."""

    seed: Seed = 0
    laws: list[Law] = Field(default=["gaussian", "rademacher", "exponential"], description="Model noise.")
    xi: Numbers = Field(default=[0.5, 1.0, 2.0], description="Noise of the training algorithm.")
    alpha: Numbers = Field(default=[0.5, 1.0, 2.0], description="Roots of n / d.")
    d: Annotated[list[Dimension], Field(min_length=3)] = Field(
        default=[128, 256, 512, 1024, 2048, 4096], description="Dimensions; n is alpha^2 d."
    )
    models: Annotated[int, Field(ge=10)] = Field(default=300, description="Models of each kind and dimension.")


class Mixing(Spec):
    """Random pairs of sources, mixed (Theorem 2)."""

    seed: Seed = 0
    settings: Positive = Field(default=1000, description="Random settings that meet the theorem's condition.")
    d: Dimension = Field(default=64, description="Dimension.")
    models: Annotated[int, Field(ge=10)] = Field(default=256, description="Mixed models of each setting.")
    ratios: Numbers = Field(
        default=[0.25, 1.0, 4.0], description="Relative projections of the sources for the curves of slope by share."
    )
    shares: Annotated[int, Field(ge=2)] = Field(default=11, description="Shares on each curve.")


class Filtering(Spec):
    """Random sources, filtered by random pretrained models (Theorem 3)."""

    seed: Seed = 0
    settings: Positive = Field(default=200, description="Random settings that meet the theorem's condition.")
    d: Dimension = Field(default=32, description="Dimension.")
    n: Annotated[int, Field(ge=10)] = Field(default=256, description="Training pairs before filtering.")
    models: Annotated[int, Field(ge=10)] = Field(default=32, description="Filtered data sets of each setting.")
    kept: Annotated[int, Field(ge=2)] = Field(default=9, description="Points on each curve of slope by share kept.")


SPECS: dict[str, type[Spec]] = {
    "universality": Universality,
    "deviation": Deviation,
    "mixing": Mixing,
    "filtering": Filtering,
}


def read_spec(name: str, values: dict[str, Any]) -> Spec:
    """The settings of simulation `name` with defaults filled in.

    Raises DatalinesError for an unknown simulation and for keys and values that it does not take.
    """
    if name not in SPECS:
        raise DatalinesError(f"theory: {name!r} is not a simulation; write one of {', '.join(SPECS)}")
    try:
        return SPECS[name].model_validate(values)
    except ValidationError as error:
        problems = [f"theory.{name}.{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors()]
        known = ", ".join(SPECS[name].model_fields)
        raise DatalinesError("\n".join([*problems, f"Known keys of theory.{name}: {known}"])) from error
