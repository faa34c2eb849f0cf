"""TIMS ERP."""
