"""Fine-tune published vision-language models as captioners, with low-rank adapters.

Which models, and how each family is adapted, is in ``finetune/configs``; :mod:`tools.captioner`
runs what is trained here, and both speak to a model through :mod:`tools.captioner.turns`.
"""
