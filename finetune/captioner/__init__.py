"""How the embedded captioner of tools/captioner is trained and measured."""
