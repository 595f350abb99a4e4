"""What test_config.py imports of it."""


def is_live() -> bool:
    """Whether a real account is used; test_config.py sets `_cache`."""
    return is_live._cache
