"""Why one cannot listen somewhere."""

import errno
import os
import socket

import pytest

from mentra.transport.binding import Obstacle, bind, obstacle


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.EADDRNOTAVAIL, "Cannot assign requested address"), Obstacle.ADDRESS),
        (OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol"), Obstacle.ADDRESS),
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), Obstacle.ADDRESS),
        (PermissionError(errno.EACCES, "Permission denied"), Obstacle.RIGHT),
        (OSError(errno.EADDRINUSE, "Address already in use"), Obstacle.PORT),
    ],
)
def test_each_obstacle_is_told_from_the_others(error: OSError, expected: Obstacle):
    assert obstacle(error) is expected


@pytest.mark.sockets
def test_a_port_that_is_taken_is_what_the_system_says_it_is():
    with bind("127.0.0.1", 0) as taken, pytest.raises(OSError, match=os.strerror(errno.EADDRINUSE)) as error:
        bind(*taken.getsockname())

    assert obstacle(error.value) is Obstacle.PORT
