"""What an Inference Endpoint of Hugging Face asks for answers: ``EndpointHandler``.

``harnn export --format huggingface`` puts this file beside a model and the code of harnn, which it
finds wherever the directory is.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from harnn.flavours.endpoint import EndpointHandler

__all__ = ["EndpointHandler"]
