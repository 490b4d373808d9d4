"""Models on a hub: pushed to a repository of Hugging Face's, or of one like it, and pulled from it.

Translation only: ``huggingface_hub`` speaks to the hub. Nothing here runs what it gives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from harnn._lazy import on_demand

if TYPE_CHECKING:
    from harnn.hub.pulling import PulledModel, pull_model
    from harnn.hub.pushing import ModelForm, PushedModel, push_model

on_demand(
    __name__,
    {"pulling": "PulledModel pull_model", "pushing": "ModelForm PushedModel push_model"},
)

__all__ = ["ModelForm", "PulledModel", "PushedModel", "pull_model", "push_model"]
