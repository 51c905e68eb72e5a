"""What the loop has to do when very many tokens die at once."""

import contextlib
import mmap
import sqlite3
import struct
import threading
import time

import bench as framework
import seeded

TITLE = 'The end of 1,000,000 tokens at once'
ABOUT = ('All tokens of a store, every one of them in the cache, expire at the same moment; one owner of them all is '
         'revoked; everything is revoked. Meanwhile one connection asks for dead tokens and one issues new ones. '
         'What is measured is the CPU time of the loop\'s thread from one `epoll_wait()` to the next, the longest '
         'of all until the last row is gone. The limit is a program that does nothing.')

FIELDS = ('longest', 'total', 'count', 'over_1_msec', 'over_5_msec')


class Dispatches:
    """The memory that dispatch.c writes to."""

    def __init__(self, path):
        path.write_bytes(bytes(8 * len(FIELDS)))
        self.env = {'DISPATCHES': str(path)}
        with open(path, 'r+b') as file:
            self.memory = mmap.mmap(file.fileno(), 0)

    def clear(self):
        self.memory[:] = bytes(8 * len(FIELDS))

    def read(self):
        return dict(zip(FIELDS, struct.unpack(f'={len(FIELDS)}Q', self.memory[:])))


@contextlib.contextmanager
def loads(bench, server, asked, tokens, basic):
    """Asks for tokens and issues, a connection each, until the with ends; -> what they measured."""
    stop, found = threading.Event(), {}

    def repeat(name, request, values, **options):
        results = found.setdefault(name, [])
        while not stop.is_set():
            try:
                results.append(bench.load(server.address, request, values, connections=1, requests=1000, exactly=True,
                                          seconds=1, **options))
            except RuntimeError as error:
                # what is revoked meanwhile
                if 'invalid_grant' not in str(error):
                    raise
    threads = [threading.Thread(target=repeat, args=('introspection', asked, tokens), kwargs={'gap_usec': 500}),
               threading.Thread(target=repeat, args=('issue', bench.post(
                   '/oauth/token', {'grant_type': 'client_credentials'}, {'Authorization': basic}), None),
                   kwargs={'gap_usec': 5000})]
    for thread in threads:
        thread.start()
    try:
        yield found
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def is_swept(path):
    """Whether no row is left that has expired, and none of a revoked owner."""
    with contextlib.closing(sqlite3.connect(f'file:{path}?mode=ro', uri=True)) as db:
        return not any(db.execute(sql).fetchone() for sql in (
            f'SELECT 1 FROM tokens WHERE expires <= {time.time_ns() // 1000} LIMIT 1', 'SELECT 1 FROM graves LIMIT 1'))


def measure_end(bench, kind, n, kill):
    """Caches n tokens, kills them by kill(server), and waits until the last row is gone."""
    dispatches = Dispatches(bench.file('dispatches'))
    seconds = 15 if bench.quick else 90
    expires = int(time.time()) + seconds if kind == 'expiry' else 0
    path = seeded.make(bench.file('tokens.db'), n, n - seeded.N_FEW, expires)
    tokens = bench.file('tokens')
    tokens.write_text(''.join(f'{seeded.text(i)}\n' for i in range(n)))
    asked = bench.post('/oauth/introspect', {'token': '@' * 64})
    with bench.tokend(database=path, config={'Token': {'CacheTokens': 2 * n}},
                      env={'LD_PRELOAD': str(bench.build / 'tests/dispatch.so'), **dispatches.env}) as server:
        secret = server.ctl_json('client', 'add', 'bench', '--grants=client_credentials')['client_secret']
        bench.load(server.address, asked, tokens, requests=n, exactly=True, expect='"active":true')
        if kind == 'expiry':
            if time.time() > expires - 1:
                raise RuntimeError('the tokens expired before they were cached')
            time.sleep(max(0, expires - 1 - time.time()))
        dispatches.clear()
        began = time.monotonic()
        with loads(bench, server, asked, tokens, bench.basic('bench', secret)) as found:
            if kill:
                kill(server)
            killed = time.monotonic() - began
            while time.monotonic() - began < 5 or not is_swept(path):
                time.sleep(1)
        seen = dispatches.read()
        gone = time.monotonic() - began
        if any(server.is_active(seeded.text(i)) for i in (seeded.N_FEW, n - 1)):
            raise RuntimeError('tokens that should be dead are active')
    pause = bench.program('pauses', max(1, seen['total'] // 1_000_000))['longest']
    return {'pause': pause, 'longest': seen['longest'] / 1e6, 'over 5 ms': seen['over_5_msec'],
            'dispatches': seen['count'], 'answered': killed, 'gone': gone,
            **{name: max(result['usec']['most'] for result in results) / 1000 for name, results in found.items()}}


def revoke(query):
    def kill(server):
        reply = server.request('DELETE', f'/v1/tokens?{query}')
        assert reply.status == 200 and reply.json()['revoked'] > 0, reply
    return kill


def measure(bench):
    n = bench.small(1_000_000)
    ways = {'expiry': None, 'revocation of their owner': revoke(f'user={seeded.MANY}'),
            'revocation of everything': revoke('all=true')}
    for kind, kill in ways.items():
        rounds = [measure_end(bench, kind, n, kill) for _ in range(bench.n_rounds)]
        found = {name: framework.Samples([each[name] for each in rounds]) for name in rounds[0]}
        bench.row(kind, {'longest dispatch': (found['longest'], 'ms CPU'), 'over 5 ms': (found['over 5 ms'], ''),
                         'dispatches': (found['dispatches'], ''), 'answered after': (found['answered'], 's'),
                         'rows gone after': (found['gone'], 's'),
                         'slowest introspection': (found['introspection'], 'ms'),
                         'slowest issue': (found['issue'], 'ms')}, kind='tokend')
        bench.row(f'nothing, beside {kind}', {'longest dispatch': (found['pause'], 'ms CPU')}, kind='limit')
        bench.bar(f'{kind}: longest dispatch', found['longest'], 5, unit='ms CPU')
    bench.note('A pause of the host counts as CPU time of whoever it meets. What it does to a program that only reads '
               'the clock, for as much CPU time as the loop took, stands beside each. What tokend itself has to do '
               'comes back in every round.')
