"""Train and measure the open_clip model that ships in ``weights/clip``."""
