"""Tokens that are on the disk before anybody gets them: one at a time, from many connections, and
1,000 a call."""

import json
import pathlib
import shutil

TITLE = 'Durable issue'
ABOUT = ('`POST /oauth/token` by client credentials, and `POST /v1/enterprise/user-tokens` for 1,000 users a call, over '
         'the Unix socket; a reply is sent when its token is on the disk. The limit is the store\'s own statements in a '
         'loop on one thread (`synchronous=FULL`), without the daemon, on a copy of the same database; a bare INSERT '
         'with the same indexes stands beside it. Of the peers glewlwyd writes to SQLite on the same disk, the Node '
         'servers keep tokens in memory.')
ISSUE, BULK = '/oauth/token', '/v1/enterprise/user-tokens'
BATCH, N_BULK, N_BULK_CONNECTIONS = 64, 1000, 4
FORM, ISSUED = {'grant_type': 'client_credentials'}, '"access_token"'
MILLION = 1_000_000


def measure(bench):
    with bench.tokend() as server:
        basic, key, users = set_up(bench, server)
        issue = bench.post(ISSUE, FORM, {'Authorization': basic})
        bulk = bench.post(BULK, json.dumps({'data': users}),
                          {'Authorization': f'Bearer {key}', 'Content-Type': 'application/json'})
        size = len(server.request('POST', ISSUE, form=FORM, headers={'Authorization': basic}).body)
        stores = Stores(bench, server)
        with bench.fixed(size) as limit, bench.peers(what='issue') as peers:
            found = bench.rounds({
                'start': stores.start,
                'one': lambda: bench.load(server, issue, connections=1, requests=3000, expect=ISSUED),
                'one commit': lambda: alone(bench, stores.own, 'issue', 3000, 1, 1),
                'one bare commit': lambda: alone(bench, stores.bare, 'insert', 3000, 1),
                'round trip': lambda: bench.load(limit, issue, connections=1, requests=30000),
                'many': lambda: bench.load(server, issue, connections=BATCH, requests=1000 * BATCH, expect=ISSUED),
                'many commits': lambda: alone(bench, stores.own, 'issue', 1000, BATCH, 1),
                'many bare commits': lambda: alone(bench, stores.bare, 'insert', 1000, BATCH),
                'bulk': lambda: in_bulk(bench, server, bulk, 1),
                'bulks': lambda: in_bulk(bench, server, bulk, N_BULK_CONNECTIONS),
                'bulk commits of 64': lambda: alone(bench, stores.own, 'issue', 500, BATCH, 1, users=N_BULK),
                'bulk commits': lambda: alone(bench, stores.own, 'issue', 60, 1, N_BULK, users=N_BULK),
                'bulk bare commits': lambda: alone(bench, stores.bare, 'insert', 60, N_BULK),
                **{peer.name: lambda peer=peer: peer.load('issue', connections=BATCH, seconds=0.2 if bench.quick else 2)
                   for peer in peers}})
    one_at_a_time(bench, found)
    from_many(bench, found, peers)
    a_thousand(bench, found)
    beside_a_million(bench)


class Stores:
    """The server's, one for the store's own statements, and one for the bare INSERT: the same at the start of each
    round, and they grow alike. A row among many costs more than one among few."""

    def __init__(self, bench, server):
        self.bench, self.server = bench, server
        self.own, self.bare = bench.file('own.db'), bench.file('bare.db')
        server.stop()
        self.first = shutil.copy(server.database, bench.file('first.db'))
        server.start(prefix=bench.pin('server'))

    def start(self):
        self.server.stop()
        for path in (self.server.database, self.own, self.bare):
            for end in ('', '-wal', '-shm'):
                pathlib.Path(f'{path}{end}').unlink(missing_ok=True)
            shutil.copy(self.first, path)
        self.server.start(prefix=self.bench.pin('server'))
        return {}


def set_up(bench, server):
    """The client's credentials, an enterprise key, and the ids of 1,000 users."""
    basic = set_up_client(bench, server)
    server.ctl('client', 'add', 'enterprise', '--grants=client_credentials', '--scopes=issue')
    key = server.ctl_json('token', 'issue', '--client=enterprise', '--scopes=issue')['access_token']
    users = [f'user-{i}' for i in range(N_BULK)]
    for name in users:
        reply = server.request('POST', '/v1/users', body={'name': name, 'partner_id': name})
        if reply.status != 201:
            raise RuntimeError(reply)
    return basic, key, users


def set_up_client(bench, server):
    return bench.basic('bench', server.ctl_json('client', 'add', 'bench', '--grants=client_credentials')['client_secret'])


def alone(bench, database, verb, commits, *batch, users=0):
    owners = [users] if verb == 'issue' else []
    return bench.program('store', verb, database, 'bench', *batch, bench.small(commits, 5), *owners)


def in_bulk(bench, server, request, connections):
    """Of calls; what is wanted is tokens."""
    found = bench.load(server, request, connections=connections, requests=30, expect='"token"', status=201)
    return {**found, 'per_second': found['per_second'] * N_BULK, 'cpu_usec': found['cpu_usec'] / N_BULK}


def row(bench, name, found, kind):
    bench.row(name, {'tokens': (found['per_second'], '1/s'), 'server CPU a token': (found['cpu_usec'], 'µs'),
                     'median time': (found['usec.p50'], 'µs'), '99 %': (found['usec.p99'], 'µs')}, kind)


def one_at_a_time(bench, found):
    total = found['one commit']['usec.p50'] + found['round trip']['usec.p50']
    bench.table('One at a time')
    row(bench, 'tokend', found['one'], 'tokend')
    row(bench, 'limit: one commit', found['one commit'], 'limit')
    row(bench, 'a bare INSERT and its commit', found['one bare commit'], 'limit')
    bench.row('limit: round trip of a fixed reply', {'median time': (found['round trip']['usec.p50'], 'µs'),
                                                     '99 %': (found['round trip']['usec.p99'], 'µs')}, 'limit')
    bench.row('limit: both', {'median time': (total, 'µs')}, 'limit')
    bench.bar('One at a time: median time, times that of commit and round trip', found['one']['usec.p50'] / total, 1.3)


def from_many(bench, found, peers):
    bench.table(f'{BATCH} connections')
    row(bench, 'tokend', found['many'], 'tokend')
    row(bench, f'limit: commits of {BATCH}', found['many commits'], 'limit')
    row(bench, f'commits of {BATCH} bare INSERTs', found['many bare commits'], 'limit')
    for peer in peers:
        row(bench, f'{peer.name} {peer.version}', found[peer.name], 'peer')
    bench.bar(f'{BATCH} connections: tokens a second, times those of commits of {BATCH}',
              found['many']['per_second'] / found['many commits']['per_second'], at_least=0.6)
    bench.bar(f'{BATCH} connections: server CPU a token', found['many']['cpu_usec'], 45, unit='µs')
    bench.plot('bars', f'Tokens issued a second, {BATCH} connections', '1/s', [
        ('tokend, on the disk', found['many']['per_second'], 'tokend'),
        ('limit, on the disk', found['many commits']['per_second'], 'limit'),
        *((f'{peer.name}, ' + ('on the disk' if peer.name == 'glewlwyd' else 'in memory'),
           found[peer.name]['per_second'], 'peer') for peer in peers)])


def a_thousand(bench, found):
    bench.table(f'{N_BULK:,} a call')
    row(bench, 'tokend, one connection', found['bulk'], 'tokend')
    row(bench, f'tokend, {N_BULK_CONNECTIONS} connections', found['bulks'], 'tokend')
    row(bench, f'limit: commits of {BATCH}, for users', found['bulk commits of 64'], 'limit')
    row(bench, f'commits of {N_BULK:,}, for users', found['bulk commits'], 'limit')
    row(bench, f'commits of {N_BULK:,} bare INSERTs', found['bulk bare commits'], 'limit')
    bench.bar(f'{N_BULK:,} a call: tokens a second, times those of commits of {BATCH}',
              found['bulks']['per_second'] / found['bulk commits of 64']['per_second'], at_least=0.8)
    share = found['bulks']['per_second'] / found['bulk commits']['per_second']
    bench.note(f'Of the tokens a second of commits of {N_BULK:,} it reaches {share.median:.2f} '
               f'({share.least:.2f}–{share.most:.2f}).')


def beside_a_million(bench):
    """Where pages are many and each has to be read again."""
    live = bench.small(MILLION)
    with bench.tokend(database=bench.seeded(live, copy=True)) as server:
        basic = set_up_client(bench, server)
        server.stop()
        own, bare = (shutil.copy(server.database, bench.file('copy.db')) for _ in range(2))
        server.start(prefix=bench.pin('server'))
        issue = bench.post(ISSUE, FORM, {'Authorization': basic})
        found = bench.rounds({
            'many': lambda: bench.load(server, issue, connections=BATCH, requests=300 * BATCH, expect=ISSUED),
            'commits': lambda: alone(bench, own, 'issue', 300, BATCH, 1),
            'bare commits': lambda: alone(bench, bare, 'insert', 300, BATCH)})
    bench.table(f'{BATCH} connections, beside {live:,} live tokens')
    row(bench, 'tokend', found['many'], 'tokend')
    row(bench, f'limit: commits of {BATCH}', found['commits'], 'limit')
    row(bench, f'commits of {BATCH} bare INSERTs', found['bare commits'], 'limit')
