"""How it stands in a clinic: studies come in from a PACS or a folder, drafts go back."""
