"""Optimisers, learning-rate schedules, gradient clipping."""

from .adam import Adam, AdamW
from .adaptive import Adagrad, RMSprop
from .base import Optimizer
from .clip import clip_grad_norm, clip_grad_value
from .momentum import SGD, Momentum, Nesterov
from .schedule import CosineDecay, ExponentialDecay, InverseTimeDecay, StepDecay

__all__ = [
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "CosineDecay",
    "ExponentialDecay",
    "InverseTimeDecay",
    "Momentum",
    "Nesterov",
    "Optimizer",
    "RMSprop",
    "StepDecay",
    "clip_grad_norm",
    "clip_grad_value",
]
