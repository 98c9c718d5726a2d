"""Convolution and pooling as a learner writes them: loops over the entries of the window, all images at once.

The loops of the notes go over samples, places and filters (A. Ng, "Convolutional Neural Networks", week 1, the
programming exercise). Here they go over the f · f entries of the window instead: at entry (i, j) the window
meets, over all its places, every stride-th row and column of the images from row i and column j on.
"""

from __future__ import annotations

IMAGES = {
    "zero_pad": '''\
def zero_pad(A, pad, value=0.0):
    """{doc}"""
    return np.pad(A, ((0, 0), pad, pad, (0, 0)), constant_values=value)
''',
    "crop": '''\
def crop(A, pad):
    """{doc}"""
    before, after = pad
    return A[:, before : A.shape[1] - after, before : A.shape[2] - after]
''',
    "places": '''\
def places(A, f, stride=1, dilation=1):
    """{doc}"""
    n_H, n_W = ((n - dilation * (k - 1) - 1) // stride + 1 for n, k in zip(A.shape[1:3], f))
    for i in range(f[0]):
        for j in range(f[1]):
            h, w = dilation * i, dilation * j
            yield i, j, np.s_[:, h : h + stride * n_H : stride, w : w + stride * n_W : stride]
''',
    "conv": '''\
def conv(A_prev, W, stride=1, pad=(0, 0), dilation=1):
    """{doc}"""
    A = zero_pad(A_prev, pad)
    return sum(A[at] @ W[i, j] for i, j, at in places(A, W.shape[:2], stride, dilation))
''',
    "conv_dA": '''\
def conv_dA(dZ, W, size, stride=1, pad=(0, 0), dilation=1):
    """{doc}"""
    n_H, n_W = (n + sum(pad) for n in size)
    dA = np.zeros((len(dZ), n_H, n_W, W.shape[2]), dZ.dtype)
    for i, j, at in places(dA, W.shape[:2], stride, dilation):
        dA[at] += dZ @ W[i, j].T
    return crop(dA, pad)
''',
    "conv_dW": '''\
def conv_dW(dZ, A_prev, f, stride=1, pad=(0, 0), dilation=1):
    """{doc}"""
    A = zero_pad(A_prev, pad)
    dW = np.zeros((*f, A.shape[3], dZ.shape[3]), dZ.dtype)
    for i, j, at in places(A, f, stride, dilation):
        dW[i, j] = np.tensordot(A[at], dZ, axes=([0, 1, 2], [0, 1, 2]))
    return dW
''',
    "by_group": '''\
def by_group(convolution, x, y, groups, **options):
    """{doc}"""
    pairs = zip(np.split(x, groups, axis=3), np.split(y, groups, axis=3))
    return np.concatenate([convolution(*pair, **options) for pair in pairs], axis=3)
''',
    "max_pool": '''\
def max_pool(A_prev, f, stride=1, pad=(0, 0)):
    """{doc}"""
    A = zero_pad(A_prev, pad, -np.inf)
    return np.max([A[at] for _, _, at in places(A, (f, f), stride)], axis=0)
''',
    "max_pool_dA": '''\
def max_pool_dA(dP, A_prev, P, f, stride=1, pad=(0, 0)):
    """{doc}"""
    A = zero_pad(A_prev, pad, -np.inf)
    share = dP / sum((A[at] == P).astype(dP.dtype) for _, _, at in places(A, (f, f), stride))
    dA = np.zeros_like(A)
    for _, _, at in places(A, (f, f), stride):
        dA[at] += share * (A[at] == P)
    return crop(dA, pad)
''',
    "avg_pool": '''\
def avg_pool(A_prev, f, stride=1, pad=(0, 0)):
    """{doc}"""
    A = zero_pad(A_prev, pad)
    return sum(A[at] for _, _, at in places(A, (f, f), stride)) / f**2
''',
    "avg_pool_dA": '''\
def avg_pool_dA(dP, size, f, stride=1, pad=(0, 0)):
    """{doc}"""
    n_H, n_W = (n + sum(pad) for n in size)
    dA = np.zeros((len(dP), n_H, n_W, dP.shape[3]), dP.dtype)
    for _, _, at in places(dA, (f, f), stride):
        dA[at] += dP / f**2
    return crop(dA, pad)
''',
}
