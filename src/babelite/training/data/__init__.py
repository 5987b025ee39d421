"""Training data: vocabulary, tokenised pairs, batches."""
