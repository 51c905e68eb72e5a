"""Introspection of tokens that are only in the store."""

import itertools
import random

import resident
import seeded

TITLE = 'Introspection of a token that is not in the cache'
ABOUT = ('One connection asks `POST /oauth/introspect` for tokens that nobody has asked for before, among 10,000,000 '
         'that SQLite holds, its file kept in the page cache. The limit is the sum of what it takes at least: the '
         'round trip to a server that always answers the same, 1.5 look-ups by the store\'s own statement on one '
         'thread, and two wake-ups, to the store\'s thread and back.')

# Between two requests of one connection its server sleeps about as long.
PAUSE_USEC = 50


def measure(bench):
    n = bench.small(10_000_000)
    n_asked = bench.small(20_000, 1000)
    path = bench.seeded(n)
    numbers = iter(random.Random(5).sample(range(n), min(n, 2_000_000)))

    def ask(connections):
        values = [seeded.text(i) for i in itertools.islice(numbers, n_asked)]
        return bench.load(server, request, values, connections=connections, requests=n_asked, exactly=True,
                          expect='"active":true')

    def look_up(pause):
        return bench.program('store', 'look-up', path, n, n_asked, pause)

    with resident.held(path), bench.tokend(database=path) as server:
        size = len(server.request('POST', '/oauth/introspect', form={'token': seeded.text(next(numbers))}).body)
        request = bench.post('/oauth/introspect', {'token': '@' * 64})
        with bench.fixed(size) as limit:
            fixed = [seeded.text(0)]
            found = bench.rounds({
                'tokend': lambda: ask(1),
                'round trip': lambda: bench.load(limit, request, fixed, connections=1, requests=20_000),
                'look-up': lambda: look_up(PAUSE_USEC),
                'two wake-ups': lambda: bench.program('wakeups', n_asked, PAUSE_USEC),
                'tokend, 32 connections': lambda: ask(32),
                'round trip, 32 connections': lambda: bench.load(limit, request, fixed, requests=20_000),
                'look-ups without pause': lambda: look_up(0),
                'two wake-ups without pause': lambda: bench.program('wakeups', n_asked, 0)})
    usec = {name: values['usec.p50'] for name, values in found.items()}
    cpu = {name: values['cpu_usec'] for name, values in found.items()}
    total = usec['round trip'] + usec['look-up'] * 1.5 + usec['two wake-ups']
    cpu_total = (cpu['round trip, 32 connections'] + cpu['look-ups without pause'] * 1.5 +
                 cpu['two wake-ups without pause'])

    bench.table('One connection')
    for name, kind in (('tokend', 'tokend'), ('round trip', 'limit'), ('look-up', 'limit'), ('two wake-ups', 'limit')):
        bench.row(name, {'median time': (usec[name], 'µs')}, kind=kind)
    bench.row('round trip + 1.5 look-ups + two wake-ups', {'median time': (total, 'µs')}, kind='limit')
    bench.bar('median time, times the sum', usec['tokend'] / total, 1)
    bench.note(f'Look-ups and wake-ups are made {PAUSE_USEC} µs after each other, as the requests of one connection '
               'are: a processor that has slept takes twice as long.')

    bench.table('32 connections')
    for name, kind in (('tokend, 32 connections', 'tokend'), ('round trip, 32 connections', 'limit'),
                       ('look-ups without pause', 'limit'), ('two wake-ups without pause', 'limit')):
        bench.row(name, {'CPU': (cpu[name], 'µs')}, kind=kind)
    bench.row('round trip + 1.5 look-ups + two wake-ups', {'CPU': (cpu_total, 'µs')}, kind='limit')
    bench.row('tokend, times the sum', {'CPU': (cpu['tokend, 32 connections'] / cpu_total, '')}, kind='tokend')
