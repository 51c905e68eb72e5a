"""Tokens that are on the disk before anybody gets them: one at a time, from many connections, and
1,000 a call."""

import json
import shutil

TITLE = 'Durable issue'
ABOUT = ('`POST /oauth/token` by client credentials, and `POST /v1/enterprise/user-tokens` for 1,000 users a call, over '
         'the Unix socket; a reply is sent when its token is on the disk. The limit is the store\'s own statements in a '
         'loop on one thread (`synchronous=FULL`), without the daemon, on a copy of the same database; a bare INSERT '
         'with the same indexes stands beside it. Of the peers glewlwyd writes to SQLite on the same disk, the Node '
         'servers keep tokens in memory.')
ISSUE, BULK = '/oauth/token', '/v1/enterprise/user-tokens'
BATCH, N_BULK, N_BULK_CONNECTIONS = 64, 1000, 4
ISSUED = '"access_token"'


def measure(bench):
    with bench.tokend() as server:
        basic, key, users = set_up(bench, server)
        server.stop()
        # one for the store's own statements, one for the bare INSERT
        own, bare = (shutil.copy(server.database, bench.file('limit.db')) for _ in range(2))
        server.start(prefix=bench.pin('server'))
        form = {'grant_type': 'client_credentials'}
        issue = bench.post(ISSUE, form, {'Authorization': basic})
        bulk = bench.post(BULK, json.dumps({'data': users}),
                          {'Authorization': f'Bearer {key}', 'Content-Type': 'application/json'})
        size = len(server.request('POST', ISSUE, form=form, headers={'Authorization': basic}).body)
        with bench.fixed(size) as limit, bench.peers(what='issue') as peers:
            found = bench.rounds({
                'one': lambda: bench.load(server, issue, connections=1, requests=3000, expect=ISSUED),
                'one commit': lambda: alone(bench, own, 'issue', 1, 1, 3000),
                'one bare commit': lambda: alone(bench, bare, 'insert', 1, 3000),
                'round trip': lambda: bench.load(limit, issue, connections=1, requests=30000),
                'many': lambda: bench.load(server, issue, connections=BATCH, requests=1000 * BATCH, expect=ISSUED),
                'many commits': lambda: alone(bench, own, 'issue', BATCH, 1, 1000),
                'many bare commits': lambda: alone(bench, bare, 'insert', BATCH, 1000),
                'bulk': lambda: in_bulk(bench, server, bulk, 1),
                'bulks': lambda: in_bulk(bench, server, bulk, N_BULK_CONNECTIONS),
                'bulk commits': lambda: alone(bench, own, 'issue', 1, N_BULK, 60),
                'bulk bare commits': lambda: alone(bench, bare, 'insert', N_BULK, 60),
                **{peer.name: lambda peer=peer: peer.load('issue', connections=BATCH, seconds=0.2 if bench.quick else 2)
                   for peer in peers}})
    one_at_a_time(bench, found)
    from_many(bench, found, peers)
    a_thousand(bench, found)


def set_up(bench, server):
    """The client's credentials, an enterprise key, and the ids of 1,000 users."""
    secret = server.ctl_json('client', 'add', 'bench', '--grants=client_credentials')['client_secret']
    server.ctl('client', 'add', 'enterprise', '--grants=client_credentials', '--scopes=issue')
    key = server.ctl_json('token', 'issue', '--client=enterprise', '--scopes=issue')['access_token']
    users = [f'user-{i}' for i in range(N_BULK)]
    for name in users:
        reply = server.request('POST', '/v1/users', body={'name': name, 'partner_id': name})
        if reply.status != 201:
            raise RuntimeError(reply)
    return bench.basic('bench', secret), key, users


def alone(bench, database, verb, *numbers):
    *batch, commits = numbers
    return bench.program('store', verb, database, 'bench', *batch, bench.small(commits, 5))


def in_bulk(bench, server, request, connections):
    """Of calls; what is wanted is tokens."""
    found = bench.load(server, request, connections=connections, requests=60, expect='"token"', status=201)
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
    row(bench, f'limit: commits of {N_BULK:,}', found['bulk commits'], 'limit')
    row(bench, f'commits of {N_BULK:,} bare INSERTs', found['bulk bare commits'], 'limit')
    bench.bar(f'{N_BULK:,} a call: tokens a second, times those of commits of {BATCH}',
              found['bulks']['per_second'] / found['many commits']['per_second'], at_least=0.8)
    share = found['bulks']['per_second'] / found['bulk commits']['per_second']
    bench.note(f'Of the tokens a second of commits of {N_BULK:,} it reaches {share.median:.2f} '
               f'({share.least:.2f}–{share.most:.2f}).')
