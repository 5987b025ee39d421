"""Message catalogs (PO, MO, XLIFF) and the sentence pairs in them."""
