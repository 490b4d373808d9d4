"""The embedded sample: short documents written for this project, in English and Chinese."""

from harnn.sample.languages import LANGUAGES, Sample, sample
from harnn.sample.letters import write_letters

__all__ = ["LANGUAGES", "Sample", "sample", "write_letters"]
