"""What existing systems consume, written from what should be. Pure: values in, texts out."""
