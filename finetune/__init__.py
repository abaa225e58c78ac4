"""How its eyes are trained: `finetune/X` trains what `tools/X` runs."""
