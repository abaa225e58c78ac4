"""Report text read by rules: sections, sentences, levels, assertions, findings."""
