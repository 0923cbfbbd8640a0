"""Tests of `recomind.dev.stack`."""
