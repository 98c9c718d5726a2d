"""Kinds of nets beyond dense ones: what is drawn of each, its right backward pass, and a table of mistakes."""

from . import attention, images, recurrent, residual

FAMILIES = {
    "images": images.draw,
    "recurrent": recurrent.draw,
    "attention": attention.draw,
    "residual": residual.draw,
}
