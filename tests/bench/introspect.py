"""Introspection of tokens that are in the cache: over the socket, over TCP, one at a time, and with
more and more live tokens."""

import contextlib
import itertools
import os
import random

import seeded

TITLE = 'Introspection of a cached token'
ABOUT = ('Connections that are kept ask `POST /oauth/introspect` for one of 1,000 live tokens after the other. The limit '
         'is a server on the same HTTP library that reads the same requests and answers each with the same reply, as '
         'long as tokend\'s. With 32 connections the load generator never sleeps: waking it costs a server that is slower '
         'than it 2 to 4 µs a reply, and one as fast as it nothing; with one that sleeps there is a table as well. The '
         'peers speak TCP only. What LoopBack is asked for is one of an account\'s tokens, its nearest.')
PATH = '/oauth/introspect'
ACTIVE = '"active":true'
N_TOKENS = 1000
MANY = int(os.environ.get('LIVE', 10_000_000))


def measure(bench):
    with bench.tokend() as server:
        basic, tokens = tokens_of(bench, server)
        size = len(server.request('POST', PATH, form={'token': tokens[0]}).body)
        with bench.fixed(size) as limit, bench.fixed(size, tcp=True) as limit_tcp, bench.peers() as peers:
            plain = bench.post(PATH, {'token': '@' * 64})
            proven = bench.post(PATH, {'token': '@' * 64}, {'Authorization': basic},
                                host=f'127.0.0.1{server.tcp_address}')
            report(bench, bench.rounds({
                'socket': lambda: bench.load(server, plain, tokens, expect=ACTIVE, busy=True),
                'socket limit': lambda: bench.load(limit, plain, tokens, busy=True),
                'tcp': lambda: bench.load(server.tcp_address, proven, tokens, expect=ACTIVE, server=server, busy=True),
                'tcp limit': lambda: bench.load(limit_tcp, proven, tokens, busy=True),
                'sleepy': lambda: bench.load(server, plain, tokens, expect=ACTIVE),
                'sleepy limit': lambda: bench.load(limit, plain, tokens),
                'one': lambda: bench.load(server, plain, tokens, connections=1, requests=30000, expect=ACTIVE),
                'one limit': lambda: bench.load(limit, plain, tokens, connections=1, requests=30000),
                **asked(bench, peers, [peer.tokens(bench.small(N_TOKENS, 20)) for peer in peers])}), peers)
    growth(bench)


def tokens_of(bench, server):
    secret = server.ctl_json('client', 'add', 'bench', '--grants=client_credentials')['client_secret']
    basic = bench.basic('bench', secret)
    made = [server.request('POST', '/oauth/token', form={'grant_type': 'client_credentials'},
                           headers={'Authorization': basic}).json()['access_token']
            for _ in range(bench.small(N_TOKENS, 50))]
    return basic, made


def asked(bench, peers, tokens, seconds=2):
    return {peer.name: lambda peer=peer, own=own: peer.load('introspect', own, seconds=0.2 if bench.quick else seconds)
            for peer, own in zip(peers, tokens)}


def row(bench, name, found, kind):
    bench.row(name, {'server CPU': (found['cpu_usec'], 'µs'), 'requests': (found['per_second'], '1/s'),
                     'median time': (found['usec.p50'], 'µs'), '99 %': (found['usec.p99'], 'µs')}, kind)


def report(bench, found, peers):
    bars = []
    for key, heading, most in (('socket', 'Unix socket, 32 connections', 1.4), ('tcp', 'TCP, 32 connections', 1.3),
                               ('sleepy', 'Unix socket, 32 connections, a load generator that sleeps', None),
                               ('one', 'Unix socket, one connection', None)):
        own, limit = found[key], found[f'{key} limit']
        if own['reply_bytes'].all != limit['reply_bytes'].all:
            raise RuntimeError(f'replies of {own["reply_bytes"]} bytes, of the limit {limit["reply_bytes"]}')
        bench.table(heading)
        row(bench, 'tokend', own, 'tokend')
        row(bench, 'limit: a fixed reply', limit, 'limit')
        if most:
            bars.append((f'{heading}: server CPU, times the limit', own['cpu_usec'] / limit['cpu_usec'], most))
        for peer in peers if key == 'tcp' else ():
            row(bench, f'{peer.name} {peer.version}', found[peer.name], 'peer')
    for bar in bars:
        bench.bar(*bar)
    bench.plot('bars', 'Server CPU for one introspection, 32 connections', 'µs', [
        ('tokend, socket', found['socket']['cpu_usec'], 'tokend'),
        ('limit, socket', found['socket limit']['cpu_usec'], 'limit'),
        ('tokend, TCP', found['tcp']['cpu_usec'], 'tokend'),
        ('limit, TCP', found['tcp limit']['cpu_usec'], 'limit'),
        *((f'{peer.name}, TCP', found[peer.name]['cpu_usec'], 'peer') for peer in peers)])


# With more and more live tokens

def growth(bench):
    lines, steps = {'tokend': tokend_growth(bench)}, [100, 1000, 10000]
    bench.table('With more live tokens, 32 connections')
    grown(bench, 'tokend', lines['tokend'], 'tokend')
    bench.keep()
    with bench.peers() as peers:
        tokens = [[] for _ in peers]
        for step in steps[:1] if bench.quick else steps:
            # their own making of tokens takes too long beyond
            growing = [(peer, own) for peer, own in zip(peers, tokens)
                       if step <= 1000 or peer.name not in ('loopback', 'glewlwyd')]
            for peer, own in growing:
                own += peer.tokens(step - len(own))
            found = bench.rounds(asked(bench, *zip(*growing), seconds=1)) if growing else {}
            for name, figures in found.items():
                lines.setdefault(name, []).append((step, figures['cpu_usec']))
    for peer in peers:
        grown(bench, peer.name, lines[peer.name], 'peer')
    bench.plot('lines', 'Server CPU for one introspection', 'µs', lines, x='live tokens')


def grown(bench, name, points, kind):
    bench.row(name, {f'{step:,}': (cpu, 'µs') for step, cpu in points}, kind)


def tokend_growth(bench):
    """All of them are in the cache. Whom the tokens belong to is in the same shares everywhere."""
    sizes = sorted({1000, bench.small(100_000, 1000), bench.small(MANY)})
    request = bench.post(PATH, {'token': '@' * 64})
    with contextlib.ExitStack() as stack:
        functions = {}
        for size in sizes:
            server = stack.enter_context(bench.tokend({'Token': {'CacheTokens': size}}, bench.seeded(size)))
            warm(bench, server, request, size)
            functions[size] = asking_at_random(bench, server, request, size)
        found = bench.rounds(functions)
    few, many = sizes[0], sizes[-1]
    bench.bar(f'{many:,} live tokens: server CPU, times that with {few:,}',
              found[many]['cpu_usec'] / found[few]['cpu_usec'], 1.3)
    return [(size, found[size]['cpu_usec']) for size in sizes]


def warm(bench, server, request, size):
    path = bench.file('all')
    with open(path, 'w') as file:
        file.writelines(seeded.text(number) + '\n' for number in range(size))
    bench.load(server, request, path, connections=64, requests=size, exactly=True, expect=ACTIVE)
    path.unlink()


def asking_at_random(bench, server, request, size):
    """Other ones in each round, in no order that the cache could have."""
    n_requests = bench.small(200_000)
    numbers = random.Random(1).choices(range(size), k=n_requests * (bench.n_rounds + 1))
    path = bench.file('some')
    path.write_text(''.join(seeded.text(number) + '\n' for number in numbers))
    rounds = itertools.count()
    return lambda: bench.load(server, request, path, requests=n_requests, exactly=True, expect=ACTIVE,
                              first=next(rounds) * n_requests, busy=True)
