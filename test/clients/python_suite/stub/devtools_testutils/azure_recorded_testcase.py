"""What test_config.py imports of it."""

import os


def get_credential(**_) -> str:
    """The account's key serves as the credential."""
    return os.environ["ACCOUNT_KEY"]
