"""Fine-tune Stable Diffusion 1.5, 2.1 or XL on pairs of pictures and captions.

Whole, or by low-rank adapters; :mod:`data.synth.stable_diffusion` samples what is trained here.
"""
