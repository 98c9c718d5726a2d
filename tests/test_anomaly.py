"""Anomaly mode names the op and the source line where the first NaN or Inf was born."""

import inspect
from typing import Any

import numpy as np
import pytest

import tinygrad_cn as tg
from tinygrad_cn.errors import AnomalyError


def leaf(value: Any, name: str | None = None) -> tg.Tensor:
    return tg.tensor(np.asarray(value, dtype=float), requires_grad=True, name=name)


def here(offset: int = 0) -> str:
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return f"{__file__}:{frame.f_back.f_lineno + offset}"


def test_anomaly_mode_names_the_op_and_line_of_the_first_bad_value() -> None:
    x = leaf([1.0, -1.0], "x")
    line = here(+2)
    with tg.detect_anomaly(), np.errstate(invalid="ignore"), pytest.raises(AnomalyError) as caught:
        np.log(x)
    assert str(caught.value) == f"log(x (2,)) made NaN in 1 of 2 entries, first at (1,), from finite inputs, at {line}"


def test_anomaly_mode_watches_operators_and_tells_inf_from_nan() -> None:
    x = leaf([0.0, 1.0], "x")
    with tg.detect_anomaly(), np.errstate(divide="ignore"), pytest.raises(AnomalyError) as caught:
        1.0 / x
    assert str(caught.value).startswith("divide(1.0, x (2,)) made Inf in 1 of 2 entries, first at (0,)")


def test_anomaly_mode_finds_where_a_gradient_became_bad() -> None:
    x = leaf([0.0, 4.0], "x")
    with tg.detect_anomaly(), np.errstate(divide="ignore"):
        line = here(+1)
        y = np.sqrt(x)
        with pytest.raises(AnomalyError) as caught:
            (y * 1.0).sum().backward()
    assert str(caught.value) == (
        "backward of sqrt(x (2,)): the gradient of x (2,) became Inf in 1 entries, first at (0,); "
        f"the op was recorded at {line}"
    )


def test_anomaly_mode_says_when_it_has_no_line() -> None:
    x = leaf([0.0, 4.0])
    J = np.sqrt(x).sum()
    with (
        tg.detect_anomaly(),
        np.errstate(divide="ignore"),
        pytest.raises(AnomalyError, match="recorded outside anomaly"),
    ):
        J.backward()


def test_bad_data_is_not_blamed_on_the_op_that_reads_it() -> None:
    x = leaf([np.nan, 1.0])
    with tg.detect_anomaly():
        y = x * 2.0
    assert np.isnan(y.numpy()[0])
