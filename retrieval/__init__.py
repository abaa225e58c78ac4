"""What it remembers: encoders, the FAISS index and corpora."""
