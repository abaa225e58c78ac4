"""Exports that are DICOM objects: two structured reports, masks, key images and a wrapped PDF.

All are made of plain pydicom data sets: what a library would remark on a patient's name must not
reach a log, and each attribute is there because the standard or a reader asks for it.
"""
