"""Password grants, as many as the cores can hash, and what they do to everybody else."""

import concurrent.futures
import contextlib
import json
import os
import sqlite3

import bench as framework

TITLE = 'Password grants, saturated'
ABOUT = ('16 kept connections of root ask `POST /oauth/token` with the right passwords of 16 users, hashed by yescrypt '
         'at its default cost, while one more connection asks every 10 ms about a token. The limit is a program with '
         'as many threads as there are cores that does nothing but `crypt_r` with the same hash. The server may use '
         'all cores, as may that program: the load asks some hundred times a second, and spends nearly nothing on it.')
PASSWORD = 'correct horse battery staple'
USERS = [f'user{number:02}' for number in range(16)]
CONFIG = {'Password': {'Hash': 'yescrypt', 'Rounds': '0'}}


CORES = ','.join(str(core) for core in sorted(os.sched_getaffinity(0)))


def seconds(bench):
    return 2 if bench.quick else 8


def hash_of(server):
    with sqlite3.connect(f'file:{server.database}?mode=ro', uri=True) as database:
        return database.execute('SELECT hash FROM users').fetchone()[0]


def program(bench, hash, threads):
    """{per_second, cpu_usec} of crypt_r alone, on threads as nice as the server's."""
    command = [*bench.pin('server', CORES), 'nice', '-n', '19', bench.build / 'tests/crypt-loop', threads,
               seconds(bench), hash, PASSWORD]
    return json.loads(framework.output_of(command))


def grants(bench, server):
    request = bench.post('/oauth/token', {'grant_type': 'password', 'username': '@' * len(USERS[0]),
                                          'password': PASSWORD})
    return bench.load(server, request, USERS, connections=16, requests=100_000, exactly=True,
                      seconds=seconds(bench), expect='"access_token"')


def introspections(bench, server, token):
    """One every 10 ms: its times, not its rate."""
    request = bench.post('/oauth/introspect', {'token': '@' * len(token)})
    with at_once():
        found = bench.load(server, request, [token], connections=1, requests=100_000, exactly=True, gap_usec=10_000,
                           seconds=seconds(bench), expect='"active":true')
    return {key: value for key, value in found['usec'].items() if key in ('p50', 'p90', 'p99')}


@contextlib.contextmanager
def at_once():
    """Programs that this thread starts wait for no core: the time that the load waits for one is not the server's."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(60))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def both(bench, server, token):
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        asked = pool.submit(grants, bench, server)
        beside = pool.submit(introspections, bench, server, token)
        return {**asked.result(), 'introspection': beside.result()}


def measure(bench):
    threads = len(CORES.split(','))
    with bench.tokend(config=CONFIG, cores=CORES) as server:
        for name in USERS:
            server.add_user(name, PASSWORD)
        token = server.grant(USERS[0], PASSWORD).json()['access_token']
        hash = hash_of(server)
        found = bench.rounds({
            'limit': lambda: program(bench, hash, threads),
            'idle': lambda: introspections(bench, server, token),
            'tokend': lambda: both(bench, server, token)})
    limit, busy, idle = found['limit'], found['tokend'], found['idle']
    bench.row(f'crypt_r on {threads} threads', {'hashes': (limit['per_second'], '1/s'),
                                                'CPU': (limit['cpu_usec'] / 1000, 'ms')}, kind='limit')
    bench.row('tokend', {'hashes': (busy['per_second'], '1/s'), 'CPU': (busy['cpu_usec'] / 1000, 'ms')}, kind='tokend')
    peers(bench)
    bench.bar('password grants, times the hashes of crypt_r alone', busy['per_second'] / limit['per_second'],
              at_least=0.95)
    bench.table('Introspection on the same server')
    for name, times, prefix in (('with no password grants', idle, ''), ('beside them', busy, 'introspection.')):
        bench.row(name, {'median': (times[f'{prefix}p50'], 'µs'), 'p90': (times[f'{prefix}p90'], 'µs'),
                         'p99': (times[f'{prefix}p99'], 'µs')}, kind='tokend')
    if framework.PRIORITY:
        bench.skip('the bar of the p99: among real-time threads the niceness of those that hash means nothing')
    else:
        bench.bar('p99 of introspection, times its idle value', busy['introspection.p99'] / idle['p99'], 4)
    bench.note('Root asks, as for logins. Others together have at most half of the hash threads, on purpose: what they '
               'send must not stand between root and a login (`Workers=` in tokend.conf(5)).')


def peers(bench):
    """Each on all cores as well, where it hashes."""
    with bench.peers('loopback', 'glewlwyd', what='password', cores=CORES) as servers:
        found = bench.rounds({peer.name: lambda peer=peer: peer.load(
            'password', connections=16, requests=100_000, exactly=True, seconds=seconds(bench)) for peer in servers})
        for peer in servers:
            bench.row(f'{peer.name}, {peer.hashes}', {'hashes': (found[peer.name]['per_second'], '1/s'),
                                                      'CPU': (found[peer.name]['cpu_usec'] / 1000, 'ms')}, kind='peer')
