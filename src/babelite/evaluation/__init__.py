"""Measuring encoders as the field does."""
