"""The page's parts: the only room where Gradio is spoken, beside app.py."""
