"""Crossdock connects TIMS ERP with Amazon Marketplace."""

__version__ = "0.1.0"
