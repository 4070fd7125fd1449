"""Backends that turn a prompt into text."""
