"""Networks of users: any ``torch.nn.Module``, with its data and a loss, is a family."""

from trainables.modules.definition import from_module as from_module
