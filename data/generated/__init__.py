"""Report texts generated from gradings: called so wherever they are used or scored."""
