"""Networks: modules, dense, convolutional, recurrent and attention layers, activations, losses, start values."""

from . import init
from .activation import (
    ELU,
    GELU,
    Activation,
    LeakyReLU,
    LogSoftmax,
    ReLU,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    sigmoid,
    silu,
    softmax,
    softplus,
    tanh,
)
from .attention import MultiHeadAttention, attention_weights, causal_mask, scaled_dot_product_attention
from .cell import GRUCell, LSTMCell, RNNCell
from .conv import Conv2D
from .dense import Dense
from .dnn import DNN
from .dropout import Dropout
from .embedding import Embedding
from .flatten import Flatten
from .loss import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    categorical_cross_entropy,
    cross_entropy,
    hinge,
    huber,
    mae,
    mse,
)
from .module import Module, Parameter
from .norm import BatchNorm, BatchNorm2D, LayerNorm
from .pool import AvgPool2D, GlobalAvgPool2D, GlobalMaxPool2D, MaxPool2D
from .position import PositionalEncoding, PositionEmbedding, sinusoidal_positions
from .recurrent import GRU, LSTM, RNN, padding_mask
from .regularization import l1, l2
from .residual import Residual
from .sequential import Sequential
from .transformer import TransformerDecoderBlock, TransformerEncoderBlock

__all__ = [
    "DNN",
    "ELU",
    "GELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "AvgPool2D",
    "BatchNorm",
    "BatchNorm2D",
    "Conv2D",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GlobalAvgPool2D",
    "GlobalMaxPool2D",
    "LSTMCell",
    "LayerNorm",
    "LeakyReLU",
    "LogSoftmax",
    "MaxPool2D",
    "Module",
    "MultiHeadAttention",
    "Parameter",
    "PositionEmbedding",
    "PositionalEncoding",
    "RNNCell",
    "ReLU",
    "Residual",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
    "TransformerDecoderBlock",
    "TransformerEncoderBlock",
    "attention_weights",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "categorical_cross_entropy",
    "causal_mask",
    "cross_entropy",
    "elu",
    "gelu",
    "hinge",
    "huber",
    "init",
    "l1",
    "l2",
    "leaky_relu",
    "log_softmax",
    "mae",
    "mse",
    "padding_mask",
    "relu",
    "scaled_dot_product_attention",
    "sigmoid",
    "silu",
    "sinusoidal_positions",
    "softmax",
    "softplus",
    "tanh",
]
