"""Kinds of nets beyond dense ones: what is drawn of each, its right backward pass, and a table of mistakes."""

from . import images

FAMILIES = {"images": images.draw}
