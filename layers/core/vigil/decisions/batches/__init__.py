"""Batches: files of rows, split into chunks, scored and assembled into results."""
