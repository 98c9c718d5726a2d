"""Texts for people, 中文 and English: one catalogue, one file a subject."""

from .bench import BENCH
from .causes import CAUSES
from .chain import CHAIN
from .checking import CHECKING
from .demo import DEMO
from .derivation import DERIVATION
from .derivation_attention import DERIVATION_ATTENTION
from .derivation_images import DERIVATION_IMAGES
from .derivation_recurrent import DERIVATION_RECURRENT
from .model import MODEL
from .ops import OPS
from .page import PAGE
from .pictures import PICTURES
from .source import SOURCE
from .source_sequences import SOURCE_SEQUENCES
from .study import STUDY
from .training import TRAINING

CATALOGUE: dict[str, dict[str, str]] = {
    **CHAIN,
    **MODEL,
    **TRAINING,
    **CAUSES,
    **CHECKING,
    **PICTURES,
    **{f"source.{key}": texts for key, texts in (SOURCE | SOURCE_SEQUENCES).items()},
    **{
        f"derive.{key}": texts
        for family in (DERIVATION, DERIVATION_IMAGES, DERIVATION_RECURRENT, DERIVATION_ATTENTION)
        for key, texts in family.items()
    },
    **{f"html.{key}": texts for key, texts in PAGE.items()},
    **{f"study.{key}": texts for key, texts in STUDY.items()},
    **{f"op.{name}": texts for name, texts in OPS.items()},
    **DEMO,
    **BENCH,
}
