"""Addresses of resources, relative to the instance."""

__all__ = ["data_url", "record_url"]


def data_url(version: str) -> str:
    """Where the REST API of one version begins."""
    return f"/services/data/v{version}"


def record_url(version: str, sobject: str, key: str) -> str:
    """Where one record is read and written."""
    return f"{data_url(version)}/sobjects/{sobject}/{key}"
