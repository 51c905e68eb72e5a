"""Introspection of tokens that are only in the store."""

import itertools
import json
import random
import subprocess

import seeded

TITLE = 'Introspection of a token that is not in the cache'
ABOUT = ('One connection asks `POST /oauth/introspect` for tokens that nobody has asked for before, among 10,000,000 '
         'that SQLite holds, its file in the page cache. The limit is the sum of what it takes at least: the round '
         'trip to a server that always answers the same, 1.5 look-ups by the store\'s own statement on one thread, '
         'and two wake-ups, to the store\'s thread and back.')


def warm(path):
    """Into the page cache."""
    with open(path, 'rb', buffering=0) as file:
        while file.read(1 << 22):
            pass


def of_program(bench, *command):
    """What a program of tests/bench measured, on the server's core."""
    command = [str(part) for part in (*bench.pin('server'), bench.build / 'tests' / command[0], *command[1:])]
    return json.loads(subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                     check=True).stdout)


def measure(bench):
    n = bench.small(10_000_000)
    n_asked = bench.small(20_000, 1000)
    path = bench.seeded(n)
    numbers = iter(random.Random(5).sample(range(n), min(n, 2_000_000)))
    warm(path)

    def ask(connections):
        values = [seeded.text(i) for i in itertools.islice(numbers, n_asked)]
        return bench.load(server, request, values, connections=connections, requests=n_asked, exactly=True,
                          expect='"active":true')

    with bench.tokend(database=path, config={'Daemon': {'LogLevel': 'notice'}}) as server:
        size = len(server.request('POST', '/oauth/introspect', form={'token': seeded.text(next(numbers))}).body)
        request = bench.post('/oauth/introspect', {'token': '@' * 64})
        with bench.fixed(size) as limit:
            found = bench.rounds({
                'tokend': lambda: ask(1),
                'tokend, 32 connections': lambda: ask(32),
                'round trip': lambda: bench.load(limit, request, [seeded.text(0)], connections=1, requests=20_000),
                'look-up': lambda: of_program(bench, 'store', 'look-up', path, n, n_asked),
                'two wake-ups': lambda: of_program(bench, 'wakeups', n_asked)})
    total = found['round trip']['usec.p50'] + found['look-up']['usec.p50'] * 1.5 + found['two wake-ups']['usec.p50']
    for name, kind in (('tokend', 'tokend'), ('tokend, 32 connections', 'tokend'), ('round trip', 'limit'),
                       ('look-up', 'limit'), ('two wake-ups', 'limit')):
        bench.row(name, {'median time': (found[name]['usec.p50'], 'µs'), 'CPU': (found[name]['cpu_usec'], 'µs')},
                  kind=kind)
    bench.row('round trip + 1.5 look-ups + two wake-ups', {'median time': (total, 'µs')}, kind='limit')
    bench.bar('median time, times the sum', found['tokend']['usec.p50'] / total, 1)
