"""Threat 49: however the clock is turned, a token that had expired never lives again, and new ones work."""

import mmap
import os
import struct
import time

import pytest

import tokend as system

pytestmark = pytest.mark.sanitize

HOUR = 3600
YEARS = 10 * 365 * 24 * HOUR


class Clock:
    """What turned-clock.c adds to the time of a daemon."""

    def __init__(self, path):
        with open(path, 'w+b') as file:
            file.write(bytes(8))
            file.flush()
            self.memory = mmap.mmap(file.fileno(), 8)
        self.env = system.preload(system.TURNED_CLOCK, TURNED_CLOCK=path)

    def turn(self, seconds):
        """From the real time."""
        struct.pack_into('=q', self.memory, 0, seconds)

    def now(self):
        return time.time() + struct.unpack_from('=q', self.memory)[0]


@pytest.fixture
def clock(folder):
    return Clock(os.path.join(folder, 'clock'))


# with all tokens in the cache, and with the last one only
@pytest.fixture(params=[1000, 1], ids=['cached', 'stored'])
def daemon(request, make_tokend, clock):
    daemon = make_tokend({'Token': {'AccessLifetime': '1h', 'CacheTokens': request.param}}, env=clock.env).start()
    daemon.add_user('ada')
    return daemon


def issue(daemon, clock):
    """A token that lives, and was made at the clock's time."""
    reply = daemon.request('POST', '/v1/tokens', body={'user': 'ada'})
    assert reply.status == 201, reply
    token = reply.json()['access_token']
    said = daemon.introspect(token)
    assert said['active'] and abs(said['iat'] - clock.now()) < 60
    return token


@pytest.mark.parametrize('ahead, behind', [(90 * 60, 30 * 60), (90 * 60, 90 * 60 - YEARS), (YEARS, 0)],
                         ids=['an hour back', 'ten years back', 'ten years ahead and back'])
@pytest.mark.parametrize('restart', [None, 'stop', 'kill'])
def test_what_had_expired_stays_dead(daemon, clock, ahead, behind, restart):
    old = issue(daemon, clock)
    clock.turn(ahead)
    # nobody asks for the old one: that the time was seen is enough
    newer = issue(daemon, clock)
    if restart:
        getattr(daemon, restart)()
    clock.turn(behind)
    if restart:
        daemon.start()
    assert daemon.introspect(old) == {'active': False}
    assert daemon.is_active(newer)
    newest = issue(daemon, clock)
    # nor does it come back when the clock goes right again
    clock.turn(0)
    assert daemon.introspect(old) == {'active': False}
    last = issue(daemon, clock)
    assert old not in (newer, newest, last)


def test_less_than_five_minutes_are_nothing(daemon, clock):
    """As NTP corrects it: nothing is deleted, and who lived lives on."""
    tokens = [issue(daemon, clock)]
    for seconds in (-200, 0, 200, 0):
        clock.turn(seconds)
        tokens.append(issue(daemon, clock))
    assert all(daemon.is_active(token) for token in tokens)
