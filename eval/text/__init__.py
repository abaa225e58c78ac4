"""Scores of text against text: BLEU, ROUGE, CIDEr and chrF, many pairs at a time.

Everything works on blocks of pairs: texts are cut into tokens, tokens become 64-bit hashes, and
n-grams are counted and matched for a whole block with array operations. What a block leaves is a
row a pair and a few sums, so that a corpus of any size is scored in the memory of one block.
"""
