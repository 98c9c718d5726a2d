"""Backward functions of the published exercises, as learners write them, and the same with a line changed.

A. Ng, "Convolutional neural networks", week 1, and "Sequence models", week 1: building them step by step.
"""

# ruff: noqa: RUF059 (learners take whole caches apart)

import inspect

import numpy as np


def conv_backward(dZ, cache):
    (A_prev, W, b, hparameters) = cache
    (m, n_H_prev, n_W_prev, n_C_prev) = A_prev.shape
    (f, f, n_C_prev, n_C) = W.shape
    stride, pad = hparameters["stride"], hparameters["pad"]
    (m, n_H, n_W, n_C) = dZ.shape
    A_prev_pad = np.pad(A_prev, ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    dA_prev_pad = np.zeros(A_prev_pad.shape)
    dW = np.zeros(W.shape)
    db = np.zeros((1, 1, 1, n_C))
    for i in range(m):
        for h in range(n_H):
            for w in range(n_W):
                for c in range(n_C):
                    v, u = h * stride, w * stride
                    a_slice = A_prev_pad[i, v : v + f, u : u + f]
                    dA_prev_pad[i, v : v + f, u : u + f] += W[:, :, :, c] * dZ[i, h, w, c]
                    dW[:, :, :, c] += a_slice * dZ[i, h, w, c]
                    db[:, :, :, c] += dZ[i, h, w, c]
    dA_prev = dA_prev_pad[:, pad : pad + n_H_prev, pad : pad + n_W_prev]
    return dA_prev, dW, db


def pool_backward(dA, A_prev, hparameters, mode):
    f, stride = hparameters["f"], hparameters["stride"]
    (m, n_H, n_W, n_C) = dA.shape
    dA_prev = np.zeros(A_prev.shape)
    for i in range(m):
        for h in range(n_H):
            for w in range(n_W):
                for c in range(n_C):
                    v, u = h * stride, w * stride
                    if mode == "max":
                        a_slice = A_prev[i, v : v + f, u : u + f, c]
                        mask = a_slice == np.max(a_slice)
                        dA_prev[i, v : v + f, u : u + f, c] += mask * dA[i, h, w, c]
                    else:
                        dA_prev[i, v : v + f, u : u + f, c] += np.ones((f, f)) * dA[i, h, w, c] / (f * f)
    return dA_prev


def rnn_cell_backward(da_next, cache):
    (a_next, a_prev, xt, parameters) = cache
    Wax, Waa = parameters["Wax"], parameters["Waa"]
    dtanh = (1 - a_next**2) * da_next
    dxt = np.dot(Wax.T, dtanh)
    dWax = np.dot(dtanh, xt.T)
    da_prev = np.dot(Waa.T, dtanh)
    dWaa = np.dot(dtanh, a_prev.T)
    dba = np.sum(dtanh, axis=1, keepdims=True)
    return {"dxt": dxt, "da_prev": da_prev, "dWax": dWax, "dWaa": dWaa, "dba": dba}


def rnn_backward(da, caches):
    (caches, x) = caches
    n_a, m, T_x = da.shape
    dx = np.zeros(x.shape)
    dWax, dWaa, dba = 0, 0, 0
    da_prevt = np.zeros((n_a, m))
    for t in reversed(range(T_x)):
        gradients = rnn_cell_backward(da[:, :, t] + da_prevt, caches[t])
        da_prevt = gradients["da_prev"]
        dx[:, :, t] = gradients["dxt"]
        dWax = dWax + gradients["dWax"]
        dWaa = dWaa + gradients["dWaa"]
        dba = dba + gradients["dba"]
    return {"dx": dx, "da0": da_prevt, "dWax": dWax, "dWaa": dWaa, "dba": dba}


def lstm_cell_backward(da_next, dc_next, cache):
    (a_next, c_next, a_prev, c_prev, ft, it, cct, ot, xt, parameters) = cache
    n_a = a_next.shape[0]
    dot = da_next * np.tanh(c_next) * ot * (1 - ot)
    dc = dc_next + ot * (1 - np.tanh(c_next) ** 2) * da_next
    dcct = dc * it * (1 - cct**2)
    dit = dc * cct * it * (1 - it)
    dft = dc * c_prev * ft * (1 - ft)
    concat = np.concatenate((a_prev, xt), axis=0)
    gradients = {}
    for gate, d in {"f": dft, "i": dit, "c": dcct, "o": dot}.items():
        gradients["dW" + gate] = np.dot(d, concat.T)
        gradients["db" + gate] = np.sum(d, axis=1, keepdims=True)
    p = parameters
    dconcat = np.dot(p["Wf"].T, dft) + np.dot(p["Wi"].T, dit) + np.dot(p["Wc"].T, dcct) + np.dot(p["Wo"].T, dot)
    return gradients | {"da_prev": dconcat[:n_a], "dxt": dconcat[n_a:], "dc_prev": dc * ft}


def lstm_backward(da, caches):
    (caches, x) = caches
    n_a, m, T_x = da.shape
    dx = np.zeros(x.shape)
    da_prevt, dc_prevt = np.zeros((n_a, m)), np.zeros((n_a, m))
    total = {}
    for t in reversed(range(T_x)):
        gradients = lstm_cell_backward(da[:, :, t] + da_prevt, dc_prevt, caches[t])
        da_prevt, dc_prevt = gradients.pop("da_prev"), gradients.pop("dc_prev")
        dx[:, :, t] = gradients.pop("dxt")
        total = {name: total.get(name, 0) + g for name, g in gradients.items()}
    return total | {"dx": dx, "da0": da_prevt}


FUNCTIONS = (conv_backward, pool_backward, rnn_cell_backward, rnn_backward, lstm_cell_backward, lstm_backward)


def changed(name, right, wrong):
    """The function of this name after one line in this file has been changed."""
    source = "\n\n".join(map(inspect.getsource, FUNCTIONS))
    assert source.count(right) == 1, (source.count(right), right)
    namespace = {"np": np}
    exec(source.replace(right, wrong), namespace)
    return namespace[name]
