"""The networks of the recommendation lesson, trained beforehand: their weights, what each found, and the command that makes both.

Training all of them takes some ten minutes, scoring with them some seconds. Weights are kept in half precision, and all that is said of a network
is measured with the rounded ones.

    python -m helpers.pretrained                # all of them
    python -m helpers.pretrained CNN "event model, width 16"
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from helpers import rungs, weights
from helpers.data.installed import shipped
from helpers.feedback import Feedback

FOUND = "recommendation_networks.csv"
"""In `data/`: what the ladder's networks found, each setting on the validation month, and the chosen one with two seeds on the test month."""
WEIGHTS = "recommendation_networks.npz"
"""In `data/`: of the chosen settings (seed 0) and of the event model, what was trained on all that was known before the test month."""
LENGTH, PASSES, RATE = 24, 5, 6e-3
"""Of the event model: the steps it reads, its passes over all households, its learning rate."""
WIDTHS = (4, 16, 64)
"""The event model's three sizes."""
EVENT_MODELS = {f"event model, width {width}": width for width in WIDTHS}


def event_model(M: int, width: int):
    """The model of events in one of its sizes: a causal Transformer of one block over the last LENGTH purchases.  M: items."""
    from helpers import sequential

    return sequential.sasrec(M, LENGTH, width, 1, 2, .1)


def events(feedback: Feedback, seed: int = 0) -> np.ndarray:
    """The sequences (n, LENGTH + 1) the event model learns from and is judged by: of all who bought twice before the test month."""
    sequences = feedback.sequences(rungs.TEST, LENGTH + 1, np.random.default_rng(seed))
    return sequences[(sequences > 0).sum(axis=1) > 1]


def load(name: str, M: int) -> weights.Trained:
    """A network of the ladder (in its chosen setting) or of EVENT_MODELS, with its weights.  M: items of the catalogue, 1,325 here.

    KeyError for another name; ValueError if the weights are for another catalogue.
    """
    kept, (seconds, epochs, best) = weights.kept(WEIGHTS, name)
    if len(kept[0]) != M + 1:
        raise ValueError(f"{name} was trained on a catalogue of {len(kept[0]) - 1} items, and this one has {M}")
    model = _built(name, M)
    model.set_weights(kept)
    return weights.Trained(model, float(seconds), int(epochs), int(best))


def networks(month: str) -> pd.DataFrame:
    """What the ladder's networks found: rung, setting (a tuple), seed, and recall@10 on new and on repeated items.

    month: "validation", each setting on one seed, the best of a network first; or "test", the chosen setting on seeds 0 and 1.
    """
    found = pd.read_csv(shipped(FOUND))
    found = found.assign(setting=[tuple(float(part) if "." in part else int(part) for part in each.split()) for each in found["setting"]])
    return found[found["month"] == month].drop(columns="month").reset_index(drop=True)


def _built(name: str, M: int):
    if name in EVENT_MODELS:
        return event_model(M, EVENT_MODELS[name])
    chosen = networks("test")
    length, size, _ = chosen.loc[chosen["rung"] == name, "setting"].iloc[0]
    return rungs.LADDER[name].build(M, length, size)


def main(names: list[str]) -> None:
    """Train the named networks, or all, and keep what they found and their weights."""
    from helpers.data import complete_journey

    feedback = Feedback.read(complete_journey.transactions(["household", "product", "sales", "time"]), complete_journey.products())
    data = Path(__file__).resolve().parents[1] / "data"
    for name in names or [*(name for name, rung in rungs.LADDER.items() if rung.network), *EVENT_MODELS]:
        trained, seconds = _timed(_event_model, feedback, name) if name in EVENT_MODELS else _tuned(feedback, name, data / FOUND)
        weights.keep(data / WEIGHTS, name, trained.model, seconds, trained.epochs, trained.kept)
        print(f"{name}: {trained.model.count_params():,} weights, {seconds:.0f} CPU s", flush=True)


def _timed(train: Callable, *arguments) -> tuple:
    """What `train` returns, and the CPU seconds it took: on a shared machine they say more than the clock."""
    started = time.process_time()
    return train(*arguments), time.process_time() - started


def _event_model(feedback: Feedback, name: str):
    from helpers import sequential

    return sequential.train(lambda: event_model(len(feedback.items), EVENT_MODELS[name]), events(feedback), seed=0, epochs=PASSES, rate=RATE)


def _tuned(feedback: Feedback, name: str, path: Path):
    """Try a network's settings on the validation month, the chosen one on the test month with two seeds, and write what was found."""
    rung, valid, test = rungs.LADDER[name], rungs.Known(feedback, rungs.VALID), rungs.Known(feedback, rungs.TEST)
    tried = rungs.tune(rung, valid).assign(month="validation", seed=0)
    chosen, rows, first = tried["setting"].iloc[0], [], None
    for seed in (0, 1):
        trained, seconds = _timed(rung.train, test, chosen, seed)
        weights.rounded(trained.model)
        rows.append({"setting": chosen, "month": "test", "seed": seed, **rungs.found(rungs.served(trained.model, test, seed), test.at)})
        first = first or (trained, seconds)
    rows = pd.concat([tried, pd.DataFrame(rows)]).assign(rung=name)
    rows["setting"] = [" ".join(map(str, each)) for each in rows["setting"]]
    print(rows, flush=True)
    before = [pd.read_csv(path)] if path.exists() else []
    before = [each[each["rung"] != name] for each in before]
    pd.concat([*before, rows])[["rung", "setting", "month", "seed", "new", "repeat"]].round(4).to_csv(path, index=False)
    return first


if __name__ == "__main__":
    main(sys.argv[1:])
