"""How few frequencies the neurons of a network on residues use."""

from __future__ import annotations

import torch
from torch import Tensor

from trainables.view import View

SOURCE = "arXiv 2310.19470, section 4.3: entropy of amplitudes over frequencies 1 to ⌊p/2⌋, mean over neurons"
NEEDS = ("residue_tables",)
ROUNDING = 1e-12  # of the sum of sizes, below which amplitudes count as none
COLUMNS = ("input_fourier_entropy", "output_fourier_entropy")


class FourierEntropy:
    """Shannon entropy in nats of each hidden neuron's amplitudes over frequencies, in the mean over neurons.

    input_fourier_entropy: of what the p residues add to it; output_fourier_entropy: of what it adds to the p logits.
    From 0, one frequency alone, to log ⌊p/2⌋, all alike. A neuron without any amplitude counts as all alike.
    """

    def measure(self, view: View) -> dict[str, Tensor]:
        """Return the columns, each (R,)."""
        with torch.no_grad():
            table_RVH, readout_RHC = view.model.residue_tables(view.params)
            return {
                "input_fourier_entropy": fourier_entropy(table_RVH.mT).mean(1),
                "output_fourier_entropy": fourier_entropy(readout_RHC).mean(1),
            }


def fourier_entropy(values: Tensor) -> Tensor:
    """Return the entropy of the amplitude spectrum along the last axis, without its mean: (..., p) to (...).

    A cosine of one frequency has the entropy 0, and one impulse log ⌊p/2⌋.
    """
    amplitudes = torch.fft.rfft(values.double(), dim=-1)[..., 1:].abs()
    total = amplitudes.sum(-1, keepdim=True)
    total = total * (total > ROUNDING * values.double().abs().sum(-1, keepdim=True))
    even = torch.full_like(amplitudes, 1 / amplitudes.shape[-1])
    shares = torch.where(total > 0, amplitudes / total.clamp(min=torch.finfo(total.dtype).tiny), even)
    found: Tensor = torch.special.entr(shares).sum(-1)
    return found
