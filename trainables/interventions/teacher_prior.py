"""A penalty that pulls attention towards that of a teacher, a network trained before on the same split."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from trainables.interventions._prior import Prior
from trainables.models.one_layer_attention import Trace

SOURCE = "arXiv 2605.15787, appendix F.2 and Figure 6 (distillation)"


class TeacherPrior(Prior):
    """Adds strength · mean over inputs of KL(α_teacher ‖ α), with the teacher's attention on the same inputs."""

    def __init__(self, *, teacher: Trace, **facts: Any) -> None:
        super().__init__(**facts)
        self._attention, self._log_attention = teacher.attention.detach(), teacher.log_attention.detach()

    def penalty(self, trace: Trace) -> Tensor:
        """Return the divergence of every input, shape (R, N)."""
        return (self._attention * (self._log_attention - trace.log_attention)).sum(-1)
