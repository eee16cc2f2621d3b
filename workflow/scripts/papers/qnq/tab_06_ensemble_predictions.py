"""How well ensembles predict mixtures. The prediction is that the ensemble of models trained on parts of the data, its
members' logits averaged with equal weights, lies on the line of models trained on all of it. Per ensemble, mixture and
shift: mean height of the ensemble's points above the mixture's line in percentage points (positive: above it) with a 95
% interval; mean size of these errors and root mean square; as a yardstick the root mean square of the mixture's own
points about its line; n ensembles, of which so many lie beyond the reference accuracies of the mixture's models, where
its line is extrapolated, and the runs behind ensembles and mixture. Intervals leave out one run at a time on both sides
(or one model, where the study has too few runs) and take Student's t, so that few seeds widen them; a last row over all
pairs takes these as independent, though two of them may share runs. Scale: {scale}. The paper says in section 5.2 and
in its Figures 5, 6 and 23 to 27 that ensembles lie on the mixture's line; it gives no number for how closely."""

import pandas as pd

from datalines.errors import DatalinesError
from datalines.prediction import ALL, Pair, Settings, predict, total
from datalines.tables import Table

COLUMNS = {
    "ensemble": "Ensemble",
    "mixture": "Mixture",
    "shift": "Shift",
    "distance": "Mean error",
    "distance_low": "Low",
    "distance_high": "High",
    "absolute": "Mean size",
    "rmse": "RMS error",
    "scatter": "Mixture's own RMS",
    "n": "n",
    "outside": "Beyond",
    "runs": "Runs",
    "mixture_runs": "Mixture's runs",
}


def tabulate(tables: dict[str, pd.DataFrame], table: Table) -> pd.DataFrame:
    """A row per pair and shift, one per pair over all shifts, and a last one over all pairs where there are several.

    `tables` are records by name, `records/<experiment>`. Options: `pairs`, a list of {experiment, ensemble, mixture};
    `reference` and `shifts`; of the experiments axis, floor, level and resample. Raises DatalinesError for a pair whose
    records are not among the tables.
    """
    options, rows, sums = table.options, [], []
    shifts, settings = list(options["shifts"]), Settings.of(options)
    for pair in options["pairs"]:
        name = f"records/{pair['experiment']}"
        if name not in tables:
            raise DatalinesError(f"table {table.title!r}: options.pairs needs {name}; add it to the table's `tables`")
        ensemble, mixture = str(pair["ensemble"]), str(pair["mixture"])
        found, pooled = predict(Pair(tables[name], [ensemble], [mixture], options["reference"], settings), shifts)
        rows.append(found.assign(ensemble=table.name(ensemble), mixture=table.name(mixture)))
        sums.append(pooled)
    if len(rows) == 1:
        return _shown(rows[0], shifts, table)
    overall = total(sums).row(settings.level)
    counts = {key: sum(int(part[key].iloc[0]) for part in rows) for key in ("runs", "mixture_runs")}
    last = pd.DataFrame([{"ensemble": "All pairs", "mixture": "", "shift": ALL, **overall, **counts}])
    return _shown(pd.concat([*rows, last], ignore_index=True), shifts, table)


def _shown(frame: pd.DataFrame, shifts: list[str], table: Table) -> pd.DataFrame:
    names = {ALL: "All shifts", **{shift: table.name(shift) for shift in shifts}}
    return frame.assign(shift=frame["shift"].map(names))[list(COLUMNS)].rename(columns=COLUMNS)
