"""The root of every error that this project raises."""


class LiangzhengError(Exception):
    """Something is not as it must be; the message is one clear line, fit for whoever asked."""
