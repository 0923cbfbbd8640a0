"""Tests of `recomind.dev.demo`."""
