"""What tokend holds in memory: nothing to begin with, a line for a cached token, and never more."""

import contextlib
import sqlite3
import time

import bench as framework
import seeded

TITLE = 'Memory'
ABOUT = ('The resident size (`VmRSS`) of the whole process, its heap, libraries and SQLite\'s page cache included. A '
         'cached token is what the size grows by while a million tokens are introspected for the first time, by how '
         'many they are: 96 bytes for an entry and 8 for its place in the table, and what it shares with the others of '
         'its owner, client and scopes.')
MIB = 2**20
LIFETIME = 2


def idle(bench, **options):
    with bench.tokend(name='idle', **options) as server:
        time.sleep(0.5)
        return bench.rss(server.process.pid)


def cached(bench, path, numbers, limit):
    """The sizes after each part of the tokens was asked for once. The first fills SQLite's cache of pages."""
    request = bench.post('/oauth/introspect', {'token': '@' * 64})
    sizes = []
    with bench.tokend(database=path, config={'Token': {'CacheTokens': limit}}) as server:
        for part in numbers:
            values = bench.file('values')
            values.write_text(''.join(f'{seeded.text(number)}\n' for number in part))
            bench.load(server, request, values, requests=len(part), exactly=True, expect='"active":true')
            sizes.append(bench.rss(server.process.pid))
    return sizes


def a_token(bench):
    """Bytes each, and how much more there is where the cache has its bound."""
    n, n_warm = bench.small(1_000_000), bench.small(20_000, 5_000)
    path, bound = bench.seeded(n), n // 10
    parts = [range(n_warm), range(n_warm, n)]
    each, above = [], []
    for _ in range(min(bench.n_rounds, 3)):
        warm, full = cached(bench, path, parts, n)
        each.append((full - warm) / len(parts[1]))
        warm, full = cached(bench, path, [range(2 * bound), range(2 * bound, n)], bound)
        above.append(full / warm)
    bench.row('a cached token', {'bytes': (framework.Samples(each), '')}, kind='tokend')
    bench.bar('bytes a cached token', framework.Samples(each), 128)
    bench.bar(f'size after {n:,} tokens with CacheTokens={bound}, times that after {2 * bound:,}',
              framework.Samples(above), 1.05)


def a_token_of_its_own_owner(bench):
    """Bytes each. Of ten tokens in a row the first is a client's own, and the others are of one user (seed.c)."""
    n_users = bench.small(10_000)
    path = seeded.make(bench.file('owners.db'), 10 * n_users, n_many=0, n_users=n_users)
    parts = [range(seeded.N_FEW, 10 * n_users, 10), range(seeded.N_FEW + 1, 10 * n_users, 10)]
    each = []
    for _ in range(min(bench.n_rounds, 3)):
        warm, full = cached(bench, path, parts, 2 * n_users)
        each.append((full - warm) / len(parts[1]))
    bench.row('one with an owner of its own', {'bytes': (framework.Samples(each), '')}, kind='tokend')


def n_rows(path):
    with contextlib.closing(sqlite3.connect(f'file:{path}?mode=ro', uri=True)) as database:
        return database.execute('SELECT count(*) FROM tokens').fetchone()[0]


def plateau(bench):
    """Sizes after each part of a million tokens that were issued, expired, and are swept away."""
    n, n_parts = bench.small(200_000, 20_000), 2 if bench.quick else 5
    sizes = []
    # the first part fills the cache, which forgets what expired when it needs the room
    config = {'Token': {'AccessLifetime': f'{LIFETIME}s', 'CacheTokens': n // 2}, 'Daemon': {'LogLevel': 'notice'}}
    with bench.tokend(config=config) as server:
        secret = server.ctl_json('client', 'add', 'bench', '--grants=client_credentials')['client_secret']
        request = bench.post('/oauth/token', {'grant_type': 'client_credentials'},
                             {'Authorization': bench.basic('bench', secret)})
        for _ in range(n_parts):
            bench.load(server, request, connections=64, requests=n, exactly=True, expect='"access_token"')
            # the daemon sweeps every 30 s
            deadline = time.monotonic() + 120
            while n_rows(server.database) > 0:
                assert time.monotonic() < deadline, f'{n_rows(server.database)} expired tokens are still there'
                time.sleep(0.5)
            sizes.append(bench.rss(server.process.pid))
    bench.row(f'after {n:,} issues and expiries', {'resident': (sizes[0] / MIB, 'MiB')}, kind='tokend')
    bench.row(f'after {n_parts * n:,}', {'resident': (sizes[-1] / MIB, 'MiB')}, kind='tokend')
    bench.bar(f'size after {n_parts * n:,} issues and expiries, times that after {n:,}', sizes[-1] / sizes[0], 1.05)
    bench.plot('lines', 'Resident size over issues and expiries', 'MiB',
               {'tokend': [((i + 1) * n, size / MIB) for i, size in enumerate(sizes)]}, x='tokens issued')


def beside(bench):
    """Of the peers, idle and with 100,000 tokens; and of tokend."""
    n = bench.small(100_000)
    with bench.tokend(database=bench.seeded(n)) as server:
        bench.load(server, bench.post('/oauth/introspect', {'token': '@' * 64}), [seeded.text(i) for i in range(n)],
                   requests=n, exactly=True, expect='"active":true')
        full = bench.rss(server.process.pid)
    rows = [('tokend', framework.Samples([idle(bench) for _ in range(bench.n_rounds)]), full)]
    with bench.peers() as servers:
        rows += [(peer.name, bench.rss(peer.pids[0]), None) for peer in servers]
    with bench.peers(live=n) as servers:
        sizes = {peer.name: bench.rss(peer.pids[0]) for peer in servers}
    for name, empty, full in rows:
        bench.row(name, {'idle': (empty / MIB, 'MiB'), f'{n:,} tokens': ((full or sizes[name]) / MIB, 'MiB')},
                  kind='tokend' if name == 'tokend' else 'peer')
    bench.bar('idle', rows[0][1] / MIB, 12, unit='MiB')
    bench.plot('bars', f'Resident size with {n:,} tokens', 'MiB',
               [(name, (full or sizes[name]) / MIB, 'tokend' if name == 'tokend' else 'peer')
                for name, _, full in rows])


def measure(bench):
    beside(bench)
    bench.table('As it grows')
    a_token(bench)
    a_token_of_its_own_owner(bench)
    plateau(bench)
