"""Parameters are learned, hyperparameters are chosen: learning rate and hidden units, with their cost curves.

    W, b                    parameters: gradient descent finds them by the training set
    α, n_h, epochs, …       hyperparameters: we choose them, by a validation set

A 64-n_h-10 net on real handwritten digits, once for every combination. The test set has no part in the choice; the
chosen net meets it once, at the end. The trials are kept in a file: run it again, and they are read from there.

Run: python examples/24_learning_rate_study.py [--lang zh|en] [--out DIR]
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from common import list_files, run, save_figure, words

import tinygrad_cn as tg
from tinygrad_cn import data, nn

BATCH = 64


def net_of(units: int) -> nn.DNN:
    """Always from the same start values, so that only the hyperparameters differ."""
    return nn.DNN([64, units, 10], hidden="relu", output="softmax", seed=1)


def train(training: Any, validation: Any, lr: float, units: int, epochs: int) -> tg.History:
    """One trial."""
    return tg.fit(
        net_of(units), *training, nn.categorical_cross_entropy, lr, epochs, BATCH, validation=validation, progress=False
    )


def chosen(known: Any, unseen: Any, params: dict[str, Any]) -> float:
    """Accuracy on samples never seen, of a net trained with the chosen hyperparameters on all others."""
    return train(known, unseen, **params).val_accuracy[-1]


def reached(study: tg.Study, **params: Any) -> float:
    """Validation accuracy of the last epoch of a trial."""
    (trial,) = [t for t in study.trials if params.items() <= t.params.items()]
    return trial.curves["val_accuracy"][-1]


def sentence(study: tg.Study, say: Any) -> str:
    """What the numbers show: the learning rate one goes wrong with in both directions, then the number of units."""
    rates, sizes = study.space["lr"], study.space["units"]
    best = study.best.params
    low, right, high = (reached(study, lr=lr, units=best["units"]) for lr in (rates[0], best["lr"], rates[-1]))
    few = reached(study, lr=best["lr"], units=sizes[0])
    fewest = max(reached(study, lr=lr, units=sizes[0]) for lr in rates)
    return str(
        say(
            f"\n{best['units']} 个隐藏单元，{best['epochs']} 轮之后：学习率 {best['lr']:g} 在验证集上认对 {right:.1%}；"
            f"{rates[0]:g} 太小，同样的轮数只到 {low:.1%}；{rates[-1]:g} 太大，只有 {high:.1%}。\n"
            f"{sizes[0]} 个隐藏单元用这个学习率只有 {few:.1%}，换哪个学习率都超不过 {fewest:.1%}。",
            f"\nAfter {best['epochs']} epochs with {best['units']} hidden units, a learning rate of {best['lr']:g} "
            f"reads {right:.1%} of the validation set; {rates[0]:g} is too small and gets to {low:.1%} in as many "
            f"epochs, {rates[-1]:g} is too large and gets {high:.1%}.\n{sizes[0]} hidden units reach {few:.1%} with "
            f"that rate, and with none of the rates more than {fewest:.1%}.",
        )
    )


def main(
    out: Path,
    lang: str | None = None,
    rates: Sequence[float] = (0.001, 0.01, 0.1, 1.0, 10.0),
    sizes: Sequence[int] = (2, 4, 8, 16, 64),
    epochs: int = 30,
) -> tuple[tg.Study, float]:
    """Try all combinations, show them, and test the best."""
    say = words(lang)
    out.mkdir(parents=True, exist_ok=True)
    known, unseen = data.digits().split(0.2)
    training, validation = known.split(0.25)
    count = sum(parameter.size for parameter in net_of(sizes[-1]).parameters())
    print(
        say(
            f"{sizes[-1]} 个隐藏单元的网络有 {count} 个参数，由 {training.m} 个训练样本学出；"
            f"超参数由另外 {validation.m} 个样本挑选。\n",
            f"A net with {sizes[-1]} hidden units has {count} parameters, learned from {training.m} samples; the "
            f"hyperparameters are chosen by {validation.m} others.\n",
        )
    )

    space = {"lr": list(rates), "units": list(sizes), "epochs": [epochs]}
    results = out / "learning_rates.jsonl"
    study = tg.study(partial(train, training, validation), space, jobs=-1, out=results, progress=False)
    print(study.table(lang, top=8))
    print(sentence(study, say))
    accuracy = chosen(known, unseen, study.best.params)
    print(
        say(
            f"用选出的超参数在 {known.m} 个样本上重新训练，{unseen.m} 张从未用过的数字认对了 {accuracy:.1%}。",
            f"Trained again on {known.m} samples with what was chosen, the net reads {accuracy:.1%} of {unseen.m} "
            f"digits that had no part in it.",
        )
    )
    files = save_figure(lambda: study.plot_curves("cost", by="lr", lang=lang).figure, out / "cost_curves.png", say)
    files += save_figure(lambda: study.plot(lang)[0].figure, out / "hyperparameters.svg", say)
    list_files([results, *files], say)
    return study, accuracy


if __name__ == "__main__":
    run(main, __doc__)
