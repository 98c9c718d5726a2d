"""The functions that a net is made of, as text: forward, what backward needs, and backward.

Every forward function takes a value, the parameters and the options of a layer, and returns its result and a
cache. Every backward function takes the gradient of the result and that cache, and returns the gradient of the
value and those of the parameters, summed over the samples.
"""

from __future__ import annotations

from .sequence_functions import (
    ATTENTION,
    BOTH,
    DENSE_IN_TIME,
    EMBEDDING,
    NORM_IN_TIME,
    RESIDUAL,
    STEP,
    TURNED,
)  # fmt: skip

DENSE = (
    '''\
def dense_forward(A_prev, W, b=0.0):
    """{doc}"""
    return W @ A_prev + b, (A_prev, W)
''',
    '''\
def dense_backward(dZ, cache):
    """{doc}"""
    A_prev, W = cache
    dW = dZ @ A_prev.T
    db = np.sum(dZ, axis=1, keepdims=True)
    return W.T @ dZ, (dW, db)
''',
)
CONV = (
    '''\
def conv_forward(A_prev, W, b=0.0, **hparameters):
    """{doc}"""
    return conv(A_prev, W, **hparameters) + b, (A_prev, W, hparameters)
''',
    '''\
def conv_backward(dZ, cache):
    """{doc}"""
    A_prev, W, hparameters = cache
    dW = conv_dW(dZ, A_prev, f=W.shape[:2], **hparameters)
    db = np.sum(dZ, axis=(0, 1, 2), keepdims=True)
    return conv_dA(dZ, W, size=A_prev.shape[1:3], **hparameters), (dW, db)
''',
)
NORM = (
    '''\
def norm_forward(Z, gamma, beta, axis, eps):
    """{doc}"""
    mu = np.mean(Z, axis=axis, keepdims=True)
    sigma = np.sqrt(np.var(Z, axis=axis, keepdims=True) + eps)
    n = (Z - mu) / sigma
    return gamma * n + beta, (n, sigma, gamma, axis)
''',
    '''\
def norm_backward(dN, cache):
    """{doc}"""
    n, sigma, gamma, axis = cache
    dn = dN * gamma
    along = np.mean(dn, axis=axis, keepdims=True) + n * np.mean(dn * n, axis=axis, keepdims=True)
    return (dn - along) / sigma, (sum_like(dN * n, gamma), sum_like(dN, gamma))
''',
)
DROPOUT = (
    '''\
def dropout_forward(A, D, keep_prob):
    """{doc}"""
    return A * D / keep_prob, (D, keep_prob)
''',
    '''\
def dropout_backward(dA, cache):
    """{doc}"""
    D, keep_prob = cache
    return dA * D / keep_prob, ()
''',
)
FLATTEN = (
    '''\
def flatten_forward(A_prev):
    """{doc}"""
    return A_prev.reshape(len(A_prev), -1).T, A_prev.shape
''',
    '''\
def flatten_backward(dF, shape):
    """{doc}"""
    return dF.T.reshape(shape), ()
''',
)
MAX_POOL = (
    '''\
def max_pool_forward(A_prev, **hparameters):
    """{doc}"""
    P = max_pool(A_prev, **hparameters)
    return P, (A_prev, P, hparameters)
''',
    '''\
def max_pool_backward(dP, cache):
    """{doc}"""
    A_prev, P, hparameters = cache
    return max_pool_dA(dP, A_prev, P, **hparameters), ()
''',
)
AVG_POOL = (
    '''\
def avg_pool_forward(A_prev, **hparameters):
    """{doc}"""
    return avg_pool(A_prev, **hparameters), (A_prev.shape[1:3], hparameters)
''',
    '''\
def avg_pool_backward(dP, cache):
    """{doc}"""
    size, hparameters = cache
    return avg_pool_dA(dP, size, **hparameters), ()
''',
)
GLOBAL_MAX_POOL = (
    '''\
def global_max_pool_forward(A_prev):
    """{doc}"""
    P = np.max(A_prev, axis=(1, 2), keepdims=True)
    return P, (A_prev, P)
''',
    '''\
def global_max_pool_backward(dP, cache):
    """{doc}"""
    A_prev, P = cache
    largest = A_prev == P
    return dP * largest / np.sum(largest, axis=(1, 2), keepdims=True, dtype=dP.dtype), ()
''',
)
GLOBAL_AVG_POOL = (
    '''\
def global_avg_pool_forward(A_prev):
    """{doc}"""
    return np.mean(A_prev, axis=(1, 2), keepdims=True), A_prev.shape
''',
    '''\
def global_avg_pool_backward(dP, shape):
    """{doc}"""
    return np.broadcast_to(dP / (shape[1] * shape[2]), shape), ()
''',
)
MODEL_FORWARD = '''\
def model_forward(X, parameters):
    """{doc}"""
    A, caches = X, []
    for function, names, options in LAYERS:
        A, cache = FUNCTIONS[function][0](A, *(parameters[name] for name in names), **options)
        caches.append(cache)
    return A, caches
'''
MODEL_BACKWARD = '''\
def model_backward(AL, Y, caches):
    """{doc}"""
{slope}
    dA, grads = dAL, {}
    for (function, names, _), cache in zip(reversed(LAYERS), reversed(caches)):
        dA, gradients = FUNCTIONS[function][1](dA, cache)
        grads |= {f"d{name}": {gradient} for name, g in zip(names, gradients)}
    return grads
'''
NET_FORWARD = '''\
def model_forward(X, parameters):
    """{doc}"""
    values, caches = {"{x}": X} | parameters, []
    for function, names, out, options in LAYERS:
        values[out], cache = FUNCTIONS[function][0](*(values[name] for name in names), **options)
        caches.append(cache)
    return values["AL"], caches
'''
NET_BACKWARD = '''\
def model_backward(AL, Y, caches, parameters):
    """{doc}"""
{slope}
    grads = {"dAL": dAL}
    for (function, names, out, _), cache in zip(reversed(LAYERS), reversed(caches)):
        first, others = FUNCTIONS[function][1](grads[f"d{out}"], cache)
        for name, g in zip(names, (first, *others)):
            grads[f"d{name}"] = grads[f"d{name}"] + g if f"d{name}" in grads else g
    return grads | {f"d{name}": {gradient} for name in parameters}
'''
COST_OF_STEP = '''\
def cost_of_step(AL, Y):
    """{doc}"""
{cost}
'''
COST_IN_TIME = '''\
def compute_cost(AL, Y):
    """{doc}"""
    return sum(cost_of_step(AL[:, :, t], Y[:, :, t]) for t in range(AL.shape[2]))
'''
SLOPE_OF_STEP = '''\
def slope_of_step(AL, Y):
    """{doc}"""
{slope}
    return dAL
'''
SLOPE_IN_TIME = "    dAL = np.stack([slope_of_step(AL[:, :, t], Y[:, :, t]) for t in range(AL.shape[2])], axis=2)"
FUNCTIONS: dict[str, tuple[str, str]] = {
    "dense": DENSE,
    "conv": CONV,
    "grouped_conv": (
        CONV[0].replace("conv_forward", "grouped_conv_forward").replace(" conv(", " by_group(conv, "),
        CONV[1]
        .replace("conv_backward", "grouped_conv_backward")
        .replace(" conv_dA(", " by_group(conv_dA, ")
        .replace(" conv_dW(", " by_group(conv_dW, "),
    ),
    "norm": NORM,
    "dropout": DROPOUT,
    "flatten": FLATTEN,
    "max_pool": MAX_POOL,
    "avg_pool": AVG_POOL,
    "global_max_pool": GLOBAL_MAX_POOL,
    "global_avg_pool": GLOBAL_AVG_POOL,
    "residual": RESIDUAL,
    "embedding": EMBEDDING,
    "dense_in_time": DENSE_IN_TIME,
    "norm_in_time": NORM_IN_TIME,
    "attention": ATTENTION,
    "turned": TURNED,
    "step": STEP,
    "both": BOTH,
}
