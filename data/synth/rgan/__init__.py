"""A conditional relativistic GAN of disc crops, by sequence, level and grades."""
