"""A PACS, by DICOMweb or DIMSE: find studies, pull them, send what a person has confirmed."""
