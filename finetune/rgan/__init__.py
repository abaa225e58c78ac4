"""Trains and measures the relativistic GAN of ``data/synth/rgan``."""
