"""Peers: other libraries, each in its own file, run as they ship.

A peer trains on texts and closed targets, saves itself into a folder as its library does, and
scores texts from that folder in another process. Nothing here imports a peer's library before it
is used.
"""

from accuracy.peers.base import Peer, Training, UnsuitableError
from accuracy.peers.registry import METHODS, Method, how_to_install, make_peer

__all__ = [
    "METHODS",
    "Method",
    "Peer",
    "Training",
    "UnsuitableError",
    "how_to_install",
    "make_peer",
]
