"""Users' networks: any ``torch.nn.Module``, with its data and a loss, is a family."""

from trainables.modules.given import from_module as from_module
