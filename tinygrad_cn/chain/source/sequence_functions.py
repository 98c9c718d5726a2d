"""The functions of recurrent cells, attention and layers at every step of a sequence, as text.

They follow the signatures of A. Ng, "Sequence models", week 1, the programming exercises (rnn_cell_forward,
rnn_forward, rnn_cell_backward, rnn_backward, and lstm_… alike): x is (n_x, m, T), a cell takes one step of it.
Parameters are listed one by one, and a start a⟨0⟩ that is not given is 0.
"""

from __future__ import annotations

Pair = tuple[str, str]

# ---- cells: one time step ---------------------------------------------------------------------------

RNN_CELL: Pair = (
    '''\
def rnn_cell_forward(xt, a_prev, Waa, Wax, ba):
    """{doc}"""
    z = Waa @ a_prev + Wax @ xt + ba
{forward}
    return a_next, (z, a_next, a_prev, xt, Waa, Wax)
''',
    '''\
def rnn_cell_backward(da_next, cache):
    """{doc}"""
    z, a_next, a_prev, xt, Waa, Wax = cache
{back}
    dba = np.sum(dz, axis=1, keepdims=True)
    return Wax.T @ dz, Waa.T @ dz, (dz @ a_prev.T, dz @ xt.T, dba)
''',
)
GRU_CELL: Pair = (
    '''\
def gru_cell_forward(xt, a_prev, Wu, bu, Wr, br, Wc, bc):
    """{doc}"""
    pair = np.concatenate([a_prev, xt])
    ut = sigmoid(Wu @ pair + bu)
    rt = sigmoid(Wr @ pair + br)
    reset = np.concatenate([rt * a_prev, xt])
    cct = np.tanh(Wc @ reset + bc)
    a_next = ut * cct + (1 - ut) * a_prev
    return a_next, (a_prev, pair, reset, ut, rt, cct, Wu, Wr, Wc)
''',
    '''\
def gru_cell_backward(da_next, cache):
    """{doc}"""
    a_prev, pair, reset, ut, rt, cct, Wu, Wr, Wc = cache
    n_a = len(a_prev)
    dzc = da_next * ut * (1 - cct**2)
    dreset = Wc.T @ dzc
    dzu = da_next * (cct - a_prev) * ut * (1 - ut)
    dzr = dreset[:n_a] * a_prev * rt * (1 - rt)
    dpair = Wu.T @ dzu + Wr.T @ dzr
    da_prev = da_next * (1 - ut) + dreset[:n_a] * rt + dpair[:n_a]
    gates = ((dzu, pair), (dzr, pair), (dzc, reset))
    gradients = [g for dz, x in gates for g in (dz @ x.T, np.sum(dz, axis=1, keepdims=True))]
    return dpair[n_a:] + dreset[n_a:], da_prev, gradients
''',
)
GRU_AFTER_CELL: Pair = (
    '''\
def gru_after_cell_forward(xt, a_prev, Wu, bu, Wr, br, Wc, bc, bcc):
    """{doc}"""
    n_a = len(a_prev)
    pair = np.concatenate([a_prev, xt])
    ut = sigmoid(Wu @ pair + bu)
    rt = sigmoid(Wr @ pair + br)
    zcc = Wc[:, :n_a] @ a_prev + bcc
    cct = np.tanh(Wc[:, n_a:] @ xt + bc + rt * zcc)
    a_next = ut * cct + (1 - ut) * a_prev
    return a_next, (a_prev, xt, pair, ut, rt, zcc, cct, Wu, Wr, Wc)
''',
    '''\
def gru_after_cell_backward(da_next, cache):
    """{doc}"""
    a_prev, xt, pair, ut, rt, zcc, cct, Wu, Wr, Wc = cache
    n_a = len(a_prev)
    dzc = da_next * ut * (1 - cct**2)
    dzcc = dzc * rt
    dzu = da_next * (cct - a_prev) * ut * (1 - ut)
    dzr = dzc * zcc * rt * (1 - rt)
    dpair = Wu.T @ dzu + Wr.T @ dzr
    da_prev = da_next * (1 - ut) + Wc[:, :n_a].T @ dzcc + dpair[:n_a]
    dWu, dWr = dzu @ pair.T, dzr @ pair.T
    dWc = np.concatenate([dzcc @ a_prev.T, dzc @ xt.T], axis=1)
    dbu, dbr, dbc, dbcc = (np.sum(dz, axis=1, keepdims=True) for dz in (dzu, dzr, dzc, dzcc))
    return dpair[n_a:] + Wc[:, n_a:].T @ dzc, da_prev, (dWu, dbu, dWr, dbr, dWc, dbc, dbcc)
''',
)
LSTM_CELL: Pair = (
    '''\
def lstm_cell_forward(xt, a_prev, c_prev, Wf, bf, Wi, bi, Wc, bc, Wo, bo):
    """{doc}"""
    pair = np.concatenate([a_prev, xt])
    ft = sigmoid(Wf @ pair + bf)
    it = sigmoid(Wi @ pair + bi)
    ot = sigmoid(Wo @ pair + bo)
    cct = np.tanh(Wc @ pair + bc)
    c_next = ft * c_prev + it * cct
    a_next = ot * np.tanh(c_next)
    return a_next, c_next, (c_next, c_prev, pair, ft, it, cct, ot, Wf, Wi, Wc, Wo)
''',
    '''\
def lstm_cell_backward(da_next, dc_next, cache):
    """{doc}"""
    c_next, c_prev, pair, ft, it, cct, ot, Wf, Wi, Wc, Wo = cache
    n_a = len(c_next)
    dc = dc_next + da_next * ot * (1 - np.tanh(c_next) ** 2)
    dzf = dc * c_prev * ft * (1 - ft)
    dzi = dc * cct * it * (1 - it)
    dzc = dc * it * (1 - cct**2)
    dzo = da_next * np.tanh(c_next) * ot * (1 - ot)
    dpair = Wf.T @ dzf + Wi.T @ dzi + Wc.T @ dzc + Wo.T @ dzo
    gates = (dzf, dzi, dzc, dzo)
    gradients = [g for dz in gates for g in (dz @ pair.T, np.sum(dz, axis=1, keepdims=True))]
    return dpair[n_a:], dpair[:n_a], dc * ft, gradients
''',
)

# ---- all time steps ---------------------------------------------------------------------------------

ONE_STATE: Pair = (
    '''\
def {cell}_forward(x, {parameters}, a0=0.0):
    """{doc}"""
    a_next = np.zeros((len({first}), x.shape[1]), x.dtype) + a0
    a, caches = [], []
    for t in range(x.shape[2]):
        a_next, cache = {cell}_cell_forward(x[:, :, t], a_next, {parameters})
        a.append(a_next)
        caches.append(cache)
    return np.stack(a, axis=2), caches
''',
    '''\
def {cell}_backward(da, caches):
    """{doc}"""
    T = len(caches)
    dx, gradients, da_prevt = [None] * T, None, np.zeros_like(da[:, :, 0])
    for t in reversed(range(T)):
        dx[t], da_prevt, step = {cell}_cell_backward(da[:, :, t] + da_prevt, caches[t])
        gradients = added(gradients, step)
    return np.stack(dx, axis=2), (*gradients, da_prevt)
''',
)


def _over_time(cell: str, parameters: str) -> Pair:
    """The functions that run a cell of one state over all time steps."""
    forward, back = ONE_STATE
    for mark, text in (("{cell}", cell), ("{parameters}", parameters), ("{first}", parameters.split(",")[0])):
        forward, back = forward.replace(mark, text), back.replace(mark, text)
    return forward, back


LSTM: Pair = (
    '''\
def lstm_forward(x, Wf, bf, Wi, bi, Wc, bc, Wo, bo, a0=0.0, c0=0.0):
    """{doc}"""
    zeros = np.zeros((len(Wf), x.shape[1]), x.dtype)
    a_next, c_next = zeros + a0, zeros + c0
    a, caches = [], []
    for t in range(x.shape[2]):
        before = (x[:, :, t], a_next, c_next)
        a_next, c_next, cache = lstm_cell_forward(*before, Wf, bf, Wi, bi, Wc, bc, Wo, bo)
        a.append(a_next)
        caches.append(cache)
    return np.stack(a, axis=2), caches
''',
    '''\
def lstm_backward(da, caches):
    """{doc}"""
    T = len(caches)
    dx, gradients = [None] * T, None
    da_prevt, dc_prevt = np.zeros_like(da[:, :, 0]), np.zeros_like(da[:, :, 0])
    for t in reversed(range(T)):
        da_next = da[:, :, t] + da_prevt
        dx[t], da_prevt, dc_prevt, step = lstm_cell_backward(da_next, dc_prevt, caches[t])
        gradients = added(gradients, step)
    return np.stack(dx, axis=2), (*gradients, da_prevt, dc_prevt)
''',
)
TURNED: Pair = (
    '''\
def turned_forward(x):
    """{doc}"""
    return x[:, :, ::-1], ()
''',
    '''\
def turned_backward(dx, cache):
    """{doc}"""
    return dx[:, :, ::-1], ()
''',
)
STEP: Pair = (
    '''\
def step_forward(a, t):
    """{doc}"""
    return a[:, :, t - 1], (a.shape, t)
''',
    '''\
def step_backward(dat, cache):
    """{doc}"""
    shape, t = cache
    da = np.zeros(shape, dat.dtype)
    da[:, :, t - 1] = dat
    return da, ()
''',
)
BOTH: Pair = (
    '''\
def both_forward(a, reverse_a):
    """{doc}"""
    return np.concatenate([a, reverse_a]), len(a)
''',
    '''\
def both_backward(dh, n_a):
    """{doc}"""
    return dh[:n_a], (dh[n_a:],)
''',
)

# ---- layers at every step, and attention ------------------------------------------------------------

EMBEDDING: Pair = (
    '''\
def embedding_forward(ids, E):
    """{doc}"""
    return E[:, ids], (ids, E)
''',
    '''\
def embedding_backward(dX, cache):
    """{doc}"""
    ids, E = cache
    dE = np.zeros_like(E)
    np.add.at(dE, (slice(None), ids), dX)
    return None, (dE,)
''',
)
DENSE_IN_TIME: Pair = (
    '''\
def dense_in_time_forward(A_prev, W, b=np.zeros((1, 1))):
    """{doc}"""
    return np.einsum("ij,jmt->imt", W, A_prev) + b[:, :, None], (A_prev, W)
''',
    '''\
def dense_in_time_backward(dZ, cache):
    """{doc}"""
    A_prev, W = cache
    dW = np.einsum("imt,jmt->ij", dZ, A_prev)
    db = np.sum(dZ, axis=(1, 2))[:, None]
    return np.einsum("ij,imt->jmt", W, dZ), (dW, db)
''',
)
NORM_IN_TIME: Pair = (
    '''\
def norm_in_time_forward(Z, gamma, beta, axis, eps):
    """{doc}"""
    mu = np.mean(Z, axis=axis, keepdims=True)
    sigma = np.sqrt(np.var(Z, axis=axis, keepdims=True) + eps)
    n = (Z - mu) / sigma
    return gamma[:, :, None] * n + beta[:, :, None], (n, sigma, gamma, axis)
''',
    '''\
def norm_in_time_backward(dN, cache):
    """{doc}"""
    n, sigma, gamma, axis = cache
    dn = dN * gamma[:, :, None]
    along = np.mean(dn, axis=axis, keepdims=True) + n * np.mean(dn * n, axis=axis, keepdims=True)
    dgamma, dbeta = (np.sum(part, axis=(1, 2))[:, None] for part in (dN * n, dN))
    return (dn - along) / sigma, (dgamma, dbeta)
''',
)
ATTENTION: Pair = (
    '''\
def attention_forward(Q, K, V, mask=True, heads=1):
    """{doc}"""
    q, k, v = (x.reshape(heads, len(x) // heads, *x.shape[1:]) for x in (Q, K, V))
    S = np.einsum("hdmq,hdmk->mhqk", q, k) / np.sqrt(q.shape[1])
    S = np.where(mask, S, -np.inf)
    E = np.exp(S - np.max(S, axis=-1, keepdims=True))
    alpha = E / np.sum(E, axis=-1, keepdims=True)
    C = np.einsum("hdmk,mhqk->hdmq", v, alpha)
    return C.reshape(len(V), *C.shape[2:]), (q, k, v, alpha)
''',
    '''\
def attention_backward(dC, cache):
    """{doc}"""
    q, k, v, alpha = cache
    dc = dC.reshape(*v.shape[:2], *dC.shape[1:])
    dv = np.einsum("hdmq,mhqk->hdmk", dc, alpha)
    dalpha = np.einsum("hdmq,hdmk->mhqk", dc, v)
    dS = alpha * (dalpha - np.sum(dalpha * alpha, axis=-1, keepdims=True))
    dq = np.einsum("mhqk,hdmk->hdmq", dS, k) / np.sqrt(q.shape[1])
    dk = np.einsum("mhqk,hdmq->hdmk", dS, q) / np.sqrt(q.shape[1])
    dQ, dK, dV = (x.reshape(-1, *x.shape[2:]) for x in (dq, dk, dv))
    return dQ, (dK, dV)
''',
)
RESIDUAL: Pair = (
    '''\
def residual_forward(A, B):
    """{doc}"""
    return A + B, ()
''',
    '''\
def residual_backward(dH, cache):
    """{doc}"""
    return dH, (dH,)
''',
)


CELLS: dict[str, tuple[Pair, Pair]] = {
    "rnn": (RNN_CELL, _over_time("rnn", "Waa, Wax, ba")),
    "gru": (GRU_CELL, _over_time("gru", "Wu, bu, Wr, br, Wc, bc")),
    "gru_after": (GRU_AFTER_CELL, _over_time("gru_after", "Wu, bu, Wr, br, Wc, bc, bcc")),
    "lstm": (LSTM_CELL, LSTM),
}
