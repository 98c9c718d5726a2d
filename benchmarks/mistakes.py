"""Mistakes people make in a backward pass, as changed lines of code.

Collected from questions about the exercises of courses, from issues of teaching repositories and from
tutorials' errata: a missing 1/m, `np.multiply` for `np.dot`, `x * (1 - x)` of the wrong x, and so on. A row
says what the line becomes; the cause it stands for is what a teacher would call it. None of it knows the
package's own search.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .homework import Slip
from .student import DenseHomework, Net, derivative, dw_line, fused

When = Callable[[Net, int], bool]


@dataclass(frozen=True)
class Mistake:
    """One changed line: the cause it stands for, the gradient it is made in, the code it becomes.

    In the code, {l}, {p} and {n} are this layer, the one before and the one after; {right} is the right
    line, {dw} the product in dW, {prime} g′(Z[l]), {over_m} the " / m" that dW and db end with, {W} the
    weights that dA[l] comes through, turned as they should be, {Wt} the same not turned.
    """

    codes: str  # one, or several that a teacher could call it
    letter: str
    code: str
    when: When = lambda net, l: True


def hidden(net: Net, l: int) -> bool:
    return l < net.depth


def last(net: Net, l: int) -> bool:
    return l == net.depth


def above(k: int) -> When:
    return lambda net, l: l > k


def uses(*labels: str) -> When:
    return lambda net, l: net.activation(l) in labels


def both(*conditions: When) -> When:
    return lambda net, l: all(condition(net, l) for condition in conditions)


def cross_entropy(net: Net, l: int) -> bool:
    return last(net, l) and fused(net)


def squared(net: Net, l: int) -> bool:
    return last(net, l) and not fused(net)


def classes(net: Net, l: int) -> bool:
    return cross_entropy(net, l) and net.output == "softmax"


def binary(net: Net, l: int) -> bool:
    return cross_entropy(net, l) and net.output == "sigmoid"


def several(net: Net, l: int) -> bool:
    return net.sizes[l] > 1


def matrix(net: Net, l: int) -> bool:
    return not net.single_neuron


def neuron(net: Net, l: int) -> bool:
    return net.single_neuron


def regularised(net: Net, l: int) -> bool:
    return net.lambd > 0


def dropped(net: Net, l: int) -> bool:
    return net.keep_prob < 1 and l < net.depth


def square(net: Net, l: int) -> bool:
    return l < net.depth and net.sizes[l] == net.sizes[l + 1]


def course(change: str) -> str:
    """Marks a row that only the course convention knows; see `_changes`."""
    return f"course:{change}"


MISTAKES: tuple[Mistake, ...] = (
    # ---- scale
    Mistake("missing_1_over_m", "dW", course("{dw}"), lambda net, l: not net.lambd),
    Mistake("missing_1_over_m", "db", course("m * ({right})")),
    Mistake("extra_1_over_m", "dW", "({right}) / m"),
    Mistake("extra_1_over_m", "db", "1 / m * ({right})"),
    Mistake("constant_factor", "dW", "{dw} / n{p}", lambda net, l: not net.lambd),
    Mistake("constant_factor", "dW", course("{dw} / (2 * m)"), lambda net, l: not net.lambd),
    Mistake("constant_factor", "dW", "2 * ({right})"),
    Mistake("constant_factor", "db", "4. * ({right})"),
    Mistake("constant_factor", "dA", "2 * ({right})", hidden),
    Mistake("constant_factor", "dA", "({right}) / 2", lambda net, l: net.loss == "half_mse" and last(net, l)),
    Mistake("constant_factor", "dZ", "({right}) / 2", squared),
    Mistake("constant_factor", "dZ", "2 * ({right})", cross_entropy),
    Mistake("constant_factor", "db", "{right} / n{l}", several),
    Mistake("constant_factor", "dZ", "0.37 * ({right})", hidden),
    Mistake("convention extra_1_over_m", "dZ", course("({right}) / m")),
    # ---- sign
    Mistake("sign", "dZ", "Y - A{l}", cross_entropy),
    Mistake("sign", "dA", "Y / A{l} - (1 - Y) / (1 - A{l})", binary),
    Mistake("sign", "dA", "-(Y / A{l}) - (1 - Y) / (1 - A{l})", binary),
    Mistake("sign", "dA", "Y / A{l}", classes),
    Mistake("sign", "dW", "-{dw}{over_m}", lambda net, l: not net.lambd),
    Mistake("sign", "db", "-({right})"),
    Mistake("sign", "dZ", "-dA{l} * {prime}", hidden),
    Mistake("sign", "dA", "-({right})", hidden),
    # ---- shapes and products
    Mistake("transposed", "dW", "({right}).T", both(matrix, lambda net, l: net.sizes[l] * net.sizes[l - 1] > 1)),
    Mistake("transposed", "dW", "np.dot(A{p}, dZ{l}.T){over_m}", both(matrix, lambda net, l: not net.lambd)),
    Mistake("transposed", "dW", "({right}).T", neuron),
    Mistake("transposed", "dA", "np.dot(W{n}, dZ{n})", square),
    Mistake("transposed", "dZ", "({right}).T", hidden),
    Mistake("elementwise_for_matmul", "dW", "A{p} * dZ{l}{over_m}", lambda net, l: net.sizes[l] == 1 and not net.lambd),
    Mistake("elementwise_for_matmul transposed", "dW", "np.sum(dZ{l} * A{p}, axis=1, keepdims=True){over_m}", lambda net, l: net.sizes[l] == 1 and not net.lambd),
    Mistake("elementwise_for_matmul", "dA", "W{n}.T * dZ{n}", lambda net, l: square(net, l) and net.m == net.sizes[l]),
    Mistake("elementwise_for_matmul", "dW", "dZ{l} * A{p}{over_m}", lambda net, l: net.sizes[l] == net.sizes[l - 1]),
    Mistake("elementwise_for_matmul", "dZ", "np.dot(dA{l}, (1 - np.dot(A{l}.T, A{l})))", both(hidden, uses("tanh"))),
    # ---- bias
    Mistake("lost_keepdims", "db", "np.sum(dZ{l}, axis=1){over_m}", matrix),
    Mistake("lost_keepdims", "db", "np.squeeze(np.sum(dZ{l}, axis=1, keepdims=True)){over_m}", both(matrix, several)),
    Mistake("wrong_axis", "db", "np.sum(dZ{l}, axis=0, keepdims=True){over_m}", matrix),
    Mistake("wrong_axis", "db", "np.sum(dZ{l}, axis=0){over_m}", both(matrix, several)),
    Mistake("wrong_axis", "db", "np.sum(dZ{l}){over_m}", both(matrix, several)),
    Mistake("wrong_axis", "db", "np.sum(dZ{l}, keepdims=True){over_m}", both(matrix, several)),
    Mistake("missing_sum_over_samples", "db", "dZ{l}{over_m}"),
    Mistake("missing_sum_over_samples", "db", "dZ{l}", both(matrix, several)),
    Mistake("missing_sum_over_samples", "db", "dZ{l}[:, 4:5]", matrix),
    Mistake("missing_sum_over_samples", "dW", "np.dot(dZ{l}[:, -1:], A{p}[:, -1:].T)", both(matrix, lambda net, l: not net.lambd)),
    Mistake("missing_sum_over_samples", "dW", "np.outer(dZ{l}[:, 3], A{p}[:, 3])", both(matrix, lambda net, l: not net.lambd)),
    Mistake("mean_instead_of_sum extra_1_over_m", "db", "np.mean(dZ{l}, axis=1, keepdims=True){over_m}", matrix),
    Mistake("wrong_axis", "db", "np.mean(dZ{l}, axis=0, keepdims=True)", both(matrix, several)),
    # ---- caches
    Mistake("wrong_layer_cache", "dW", "np.dot(dZ{l}, A{l}.T){over_m}", both(matrix, lambda net, l: not net.lambd)),
    Mistake("wrong_layer_cache", "dW", "np.dot(dZ{l}, Z{p}.T){over_m}", both(above(1), lambda net, l: not net.lambd)),
    Mistake("wrong_layer_cache", "dW", "np.dot(dZ{l}, X.T){over_m}", both(above(1), lambda net, l: not net.lambd)),
    Mistake("wrong_layer_cache", "dW", "np.dot(dZ{l}, A{l}.T){over_m} + (lambd / m) * W{l}", regularised),
    Mistake("wrong_layer_cache", "dW", "np.dot(dZ{n}, A{p}.T){over_m}", both(hidden, lambda net, l: not net.lambd)),
    Mistake("wrong_layer_cache", "dA", "np.dot(W{l}.T, dZ{n})", square),
    Mistake("wrong_layer_cache", "db", "np.sum(dZ{n}, axis=1, keepdims=True){over_m}", hidden),
    Mistake("wrong_layer_cache", "dA", "np.dot(dW{n}.T, dZ{n})", lambda net, l: hidden(net, l) and net.keep_prob == 1),
    Mistake("updated_weights", "dA", "np.dot((W{n} - learning_rate * dW{n}).T, dZ{n})", lambda net, l: hidden(net, l) and net.keep_prob == 1),
    Mistake("wrong_layer_cache", "dZ", "dA{l} * (Z{n} > 0)", both(square, uses("relu"))),
    Mistake("wrong_layer_cache", "dZ", "dA{l} * (1 - np.power(A{n}, 2))", both(square, uses("tanh"), lambda net, l: l < net.depth - 1)),
    # ---- derivatives of activations
    Mistake("missing_activation_derivative", "dZ", "dA{l}", hidden),
    Mistake("missing_activation_derivative", "dZ", "dA{l}", both(squared, uses("sigmoid"))),
    Mistake("missing_activation_derivative", "dZ", "dA{l}", binary),
    Mistake("missing_activation_derivative", "dA", "np.dot({W}, dA{n})", lambda net, l: net.keep_prob == 1 and l < net.depth - 1),
    Mistake("missing_activation_derivative", "dW", "np.dot(dA{l}, A{p}.T){over_m}", both(hidden, lambda net, l: not net.lambd)),
    Mistake("missing_activation_derivative", "db", "np.sum(dA{l}, axis=1, keepdims=True){over_m}", hidden),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * A{l} * (1 - A{l})", both(hidden, uses("tanh", "relu", "leaky_relu"))),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * (1 - A{l})", both(hidden, uses("tanh", "sigmoid"))),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * A{l}", both(hidden, uses("tanh", "sigmoid"))),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * (1 - np.power(A{l}, 2))", both(hidden, uses("sigmoid", "relu"))),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * (1 + np.power(A{l}, 2))", both(hidden, uses("tanh"))),
    Mistake("wrong_activation_derivative derivative_at_a wrong_layer_cache", "dZ", "dA{l} * (1 - np.power(Z{l}, 2))", both(hidden, uses("tanh"))),
    Mistake("wrong_activation_derivative derivative_at_a wrong_layer_cache", "dZ", "dA{l} * Z{l} * (1 - Z{l})", both(hidden, uses("sigmoid"))),
    Mistake("derivative_at_a", "dZ", "dA{l} * (1 - np.tanh(A{l}) ** 2)", both(hidden, uses("tanh"))),
    Mistake("derivative_at_a", "dZ", "dA{l} * (1 / (1 + np.exp(-A{l}))) * (1 - 1 / (1 + np.exp(-A{l})))", uses("sigmoid")),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * (Z{l} > 0)", both(hidden, uses("tanh", "sigmoid", "leaky_relu"))),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * (dA{l} > 0)", both(hidden, uses("relu"))),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * (Z{l} < 0)", both(hidden, uses("relu"))),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * np.where(Z{l} > 0, 1, 0.01)", both(hidden, uses("relu", "leaky_relu"))),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * np.where(Z{l} > 0, Z{l}, 0)", both(hidden, uses("relu"))),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * np.where(Z{l} > 0, slope, 1)", both(hidden, uses("leaky_relu"))),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * np.where(Z{l} > 0, 1, -slope)", both(hidden, uses("leaky_relu"))),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * np.where(Z{l} > 0, 1, slope * Z{l})", both(hidden, uses("leaky_relu"))),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * (1 - np.power(A{l}, 2)) ** 2", both(hidden, uses("tanh"))),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * 2 * A{l}", both(hidden, uses("tanh"))),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * Z{l} > 0", both(hidden, uses("relu"))),
    Mistake("missing_upstream", "dZ", "1.0 * {prime}", hidden),
    Mistake("missing_upstream", "dZ", "A{l} * (1 - A{l})", lambda net, l: squared(net, l) and net.output == "sigmoid"),
    # ---- the output layer
    Mistake("output_derivative", "dZ", "(A{l} - Y) * A{l} * (1 - A{l})", binary),
    Mistake("output_derivative", "dZ", "(A{l} - Y) * A{l} * (1 - A{l})", classes),
    Mistake("output_derivative", "dA", "A{l} - Y", cross_entropy),
    Mistake("output_derivative", "dZ", "A{l}", cross_entropy),
    Mistake("output_derivative", "dZ", "A{l} - 1", binary),
    Mistake("missing_term", "dA", "-(Y / A{l})", binary),
    Mistake("output_derivative", "dA", "-(Y / A{l} - (1 - Y) / 1 - A{l})", binary),
    Mistake("missing_term", "dA", "(1 - Y) / (1 - A{l})", binary),
    Mistake("constant_factor", "dZ", "2 * (A{l} - Y)", lambda net, l: squared(net, l) and net.output == "linear"),
    Mistake("softmax_axis", "dZ", "np.exp(Z{l}) / np.sum(np.exp(Z{l}), axis=1, keepdims=True) - Y", classes),
    Mistake("softmax_axis", "dZ", "np.exp(Z{l}) / np.sum(np.exp(Z{l})) - Y", classes),
    Mistake("wrong_activation_derivative", "dZ", "dA{l} * A{l} * (1 - A{l})", classes),
    # ---- regularisation
    Mistake("missing_regularisation", "dW", "{dw}{over_m}", regularised),
    Mistake("wrong_regularisation", "dW", "{dw}{over_m} + lambd / (2 * m) * W{l}", regularised),
    Mistake("wrong_regularisation", "dW", "{dw}{over_m} + lambd * W{l}", regularised),
    Mistake("wrong_regularisation", "dW", "{dw}{over_m} - (lambd / m) * W{l}", regularised),
    Mistake("wrong_regularisation", "dW", "{dw}{over_m} + W{l} / m", regularised),
    Mistake("wrong_regularisation", "dW", "{dw}{over_m} + (lambd / m) * W{l} ** 2", regularised),
    Mistake("wrong_regularisation", "db", "{right} + (lambd / m) * b{l}", regularised),
    Mistake("missing_1_over_m", "dW", course("{dw} + (lambd / m) * W{l}"), regularised),
    # ---- dropout
    Mistake("missing_dropout_mask", "dA", "np.dot({W}, dZ{n}) / keep_prob", dropped),
    Mistake("missing_keep_prob", "dA", "np.dot({W}, dZ{n}) * D{l}", dropped),
    Mistake("missing_keep_prob", "dA", "np.dot({W}, dZ{n}) * D{l} * keep_prob", dropped),
    Mistake("missing_dropout_mask missing_keep_prob", "dA", "np.dot({W}, dZ{n})", dropped),
    Mistake("missing_keep_prob", "dA", "np.dot({W}, dZ{n}) * D{l} / (1 - keep_prob)", dropped),
)  # fmt: skip


def slips(work: DenseHomework) -> Iterator[Slip]:
    """Every mistake in every layer it can be made in."""
    for mistake in MISTAKES:
        for name, line in _changes(work, mistake):
            yield Slip(mistake.codes, {name: line})


def _changes(work: DenseHomework, mistake: Mistake) -> Iterator[tuple[str, str]]:
    """(name, line) for every layer the mistake can be made in."""
    net = work.net
    only_course = mistake.code.startswith("course:")
    if only_course and work.convention != "course":
        return
    for l in range(1, net.depth + 1):
        name = f"{mistake.letter}{l}"
        if name not in work.program or not mistake.when(net, l):
            continue
        w = f"W{l + 1}"
        line = mistake.code.removeprefix("course:").format(
            l=l, p=l - 1, n=l + 1, right=work.program[name], dw=dw_line(net, l), W=f"{w}.T", Wt=w,
            prime=derivative(net, l) if net.activation(l) not in ("softmax", "linear") else "",
            over_m=" / m" if work.convention == "course" else "",
        )  # fmt: skip
        output = l == net.depth and mistake.letter in ("dA", "dZ") and work.convention == "autograd"
        yield name, f"({line}) / m" if output and "right" not in mistake.code and "dA" not in mistake.code else line
