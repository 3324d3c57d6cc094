"""What a business is: the model, loading with line numbers, validation, digests. No I/O but reading text."""
