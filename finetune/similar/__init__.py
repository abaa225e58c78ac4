"""The index of similar cases that ships: how it is made and measured."""
