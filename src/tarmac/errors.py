"""The errors a user can meet: each says the fact, the value, the choices and the next step."""


class TarmacError(Exception):
    """An error with a message for the user; shown without a traceback."""

    exit_code = 1


class InputError(TarmacError):
    """The request or the input is wrong, and only the user can fix it. Exit code 2."""

    exit_code = 2


class SystemFailure(TarmacError):  # noqa: N818 - it is the system that failed, not the request
    """A database, a disk or a network failed; the same command may work later. Exit code 1."""

    exit_code = 1


def in_one_line(error: BaseException) -> str:
    """What a reader said, as part of a sentence: without line ends and control characters, and not too long."""
    text = "".join(letter if letter.isprintable() else " " for letter in str(error))
    return " ".join(text.split())[:200].rstrip(".: ")
