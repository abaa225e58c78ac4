"""Gathering: files from folders, archives, published sets and picture archives (PACS).

Every source answers to one small interface (:class:`data.gather.source.Source`); what was gathered
lies in the workspace, one folder a source, and each file has a line in the provenance.
"""
