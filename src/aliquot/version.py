"""The version, in the one place that packaging, spec.json and reports read it from."""

__version__ = "0.1.0"
