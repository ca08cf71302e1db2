"""What an index of pages is; knows nothing of PDFs, models or HTTP."""
