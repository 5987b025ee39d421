"""Training in these tests is tiny: threads that wait for each other would take most of the time."""

from __future__ import annotations

import torch

torch.set_num_threads(1)
