"""LoopBack 3 beside tokend, both with the same tokens: the same filters must find the same ones."""

import json
import os
import re
import shutil
import tempfile
import time
import urllib.parse

import pytest
import requests

import clients
import tokend as system

pytestmark = pytest.mark.sanitize

ACCOUNTS = '/v1/Accounts/{}/accessTokens'

# ttl and scopes of the tokens that ada gets; None: without.
MADE = [(3600, ['read', 'write']), (60, None), (1209600, ['read']), (7200, ['write', 'admin-ish', 'read']),
        (60, ['x']), (120, None), (86400, ['write']), (1000, ['read']), (3600, None), (31536000, ['y', 'x'])]

# {0} … are tokens of MADE in the order they were made.
FILTERS = [
    {}, None,
    # pages
    {'limit': 3}, {'limit': '3'}, {'limit': 0}, {'limit': None}, {'limit': 100}, {'limit': -1}, {'limit': 1.5},
    {'limit': 'abc'}, {'skip': 2}, {'offset': 2}, {'skip': 1, 'offset': 3}, {'skip': 100}, {'skip': -1},
    {'offset': -1}, {'skip': 'abc'}, {'limit': 2, 'skip': 3}, {'limit': 2, 'offset': 9}, {'skip': 0},
    # order
    {'order': 'ttl'}, {'order': 'created DESC'}, {'order': 'created asc'}, {'order': 'id DESC'},
    {'order': 'ttl DESC, created ASC'}, {'order': ['ttl DESC', 'created ASC']}, {'order': ['ttl', 'id DESC']},
    {'order': 'ttl desc,created desc'}, {'order': 'nothing'}, {'order': 'nothing DESC'}, {'order': 5},
    {'order': 'created SIDEWAYS'}, {'order': []}, {'order': None}, {'order': ''}, {'order': 'userId, created DESC'},
    {'order': 'created DESC', 'limit': 3, 'skip': 1},
    # fields
    {'fields': ['id', 'ttl']}, {'fields': 'ttl'}, {'fields': {'ttl': True}}, {'fields': {'id': False}},
    {'fields': {'id': True, 'ttl': False}}, {'fields': ['nothing']}, {'fields': []}, {'fields': {}},
    {'fields': {'scopes': True, 'created': True}}, {'fields': {'userId': False, 'scopes': False}},
    {'fields': ['ttl'], 'order': 'created DESC', 'limit': 2}, {'fields': None},
    # where
    {'where': {'ttl': 60}}, {'where': {'ttl': '60'}}, {'where': {'ttl': {'eq': 60}}},
    {'where': {'ttl': {'neq': 60}}}, {'where': {'ttl': {'gt': 3600}}}, {'where': {'ttl': {'gte': 3600}}},
    {'where': {'ttl': {'lt': 120}}}, {'where': {'ttl': {'lte': '120'}}}, {'where': {'ttl': {'gt': '3600'}}},
    {'where': {'ttl': {'inq': [60, 120]}}}, {'where': {'ttl': {'nin': [60, 120]}}},
    {'where': {'ttl': {'inq': []}}}, {'where': {'ttl': {'nin': []}}}, {'where': {'ttl': {'inq': 60}}},
    {'where': {'ttl': {'between': [60, 3600]}}}, {'where': {'ttl': {'between': [60]}}},
    {'where': {'ttl': {'between': 60}}}, {'where': {'ttl': 61}},
    {'where': {'id': '{0[id]}'}}, {'where': {'id': {'inq': ['{1[id]}', '{3[id]}', 'none']}}},
    {'where': {'id': {'neq': '{0[id]}'}}}, {'where': {'id': {'gt': '{4[id]}'}}}, {'where': {'id': 'none'}},
    {'where': {'id': {'nin': ['{0[id]}', '{2[id]}']}}}, {'where': {'id': {'between': ['0', '8']}}},
    {'where': {'created': '{2[created]}'}}, {'where': {'created': {'gt': '{2[created]}'}}},
    {'where': {'created': {'lte': '{5[created]}'}}}, {'where': {'created': {'lt': '2001-01-01'}}},
    {'where': {'created': {'gt': '2001-01-01'}}}, {'where': {'created': {'gt': 978307200000}}},
    {'where': {'created': {'between': ['{1[created]}', '{4[created]}']}}},
    {'where': {'created': {'inq': ['{1[created]}', '{6[created]}']}}},
    {'where': {'created': {'neq': '{3[created]}'}}},
    {'where': {'scopes': 'read'}}, {'where': {'scopes': ['write']}}, {'where': {'scopes': {'inq': ['x', 'write']}}},
    {'where': {'scopes': 'nothing'}}, {'where': {'scopes': {'neq': 'read'}}}, {'where': {'scopes': {'nin': ['read']}}},
    {'where': {'userId': '{0[userId]}'}}, {'where': {'userId': '{other}'}},
    {'where': {'or': [{'userId': '{other}'}, {'ttl': 60}]}}, {'where': {'userId': {'neq': '{0[userId]}'}}},
    {'where': {'userId': {'inq': ['{other}', '{0[userId]}']}}},
    {'where': {'and': [{'ttl': {'gt': 60}}, {'ttl': {'lt': 86400}}]}},
    {'where': {'or': [{'ttl': 60}, {'scopes': 'y'}]}},
    {'where': {'and': [{'or': [{'ttl': 60}, {'ttl': 3600}]}, {'scopes': 'x'}]}},
    {'where': {'ttl': 60, 'scopes': 'x'}}, {'where': {'and': []}}, {'where': {'or': []}},
    {'where': {'and': {'ttl': 60}}}, {'where': {'or': 5}}, {'where': {'ttl': {'frobnicate': 5}}},
    {'where': {'nothing': 5}}, {'where': {'nor': [{'ttl': 60}]}}, {'where': {'ttl': {'exists': True}}},
    {'where': {}}, {'where': None}, {'where': 5}, {'where': 'x'}, {'where': []},
    {'where': {'ttl': {'gt': 60, 'lt': 86400}}},
    {'where': {'ttl': {'gt': 60}}, 'order': 'ttl DESC', 'limit': 2, 'skip': 1, 'fields': ['id', 'ttl']},
    {'where': {'id': {'like': '%'}}}, {'where': {'id': {'nlike': 'x%'}}}, {'where': {'id': {'regexp': '.'}}},
    {'where': {'created': {'nin': ['{1[created]}', '{6[created]}']}}}, {'where': {'scopes': None}},
    {'where': {'ttl': None}}, {'where': {'ttl': {}}},
    {'where': {'and': [{'ttl': 60}], 'or': [{'scopes': 'x'}]}}, {'where': {'ttl': 'abc'}},
    {'where': {'ttl': {'gt': 'abc'}}}, {'where': {'created': 'abc'}}, {'where': {'created': {'gt': 'abc'}}},
    {'where': {'created': '{1[created]}', 'ttl': {'lt': 61}}}, {'where': {'scopes': {'between': ['r', 's']}}},
    # the rest
    {'include': 'nothing'}, {'nothing': 5}, {'include': 'user'}, [], 5, '', 'text',
]

RAW = [
    'filter=', 'filter=%7B', 'filter=%7B%22limit%22%3A1%2C%7D', 'limit=2', 'where=%7B%7D',
    'filter[limit]=3', 'filter[skip]=2', 'filter[offset]=2&filter[limit]=2', 'filter[limit]=abc', 'filter[limit]=-1',
    'filter[order]=ttl', 'filter[order]=created%20DESC', 'filter[order][0]=ttl%20DESC&filter[order][1]=created',
    'filter[fields]=ttl', 'filter[fields][0]=id&filter[fields][1]=ttl', 'filter[fields][ttl]=true',
    'filter[fields][id]=false', 'filter[where][ttl]=60', 'filter[where][ttl][gt]=3600', 'filter[where][ttl][lte]=120',
    'filter[where][ttl][neq]=60', 'filter[where][ttl][inq][0]=60&filter[where][ttl][inq][1]=120',
    'filter[where][ttl][inq][]=60&filter[where][ttl][inq][]=120',
    'filter[where][ttl][nin][0]=60', 'filter[where][ttl][between][0]=60&filter[where][ttl][between][1]=3600',
    'filter[where][ttl][between][0]=60', 'filter[where][and][0][ttl][gt]=60&filter[where][and][1][ttl][lt]=86400',
    'filter[where][or][0][ttl]=60&filter[where][or][1][scopes]=y', 'filter[where][scopes]=read',
    'filter[where][created][gt]={2[created]}', 'filter[where][id]={1[id]}', 'filter[where][userId]={other}',
    'filter[where][or][0][userId]={other}&filter[where][or][1][ttl]=60',
    'filter[where][ttl]=60&filter[limit]=1&filter[order]=created%20DESC', 'filter[where]=%7B%22ttl%22%3A60%7D',
    'filter%5Bwhere%5D%5Bttl%5D%5Bgt%5D=3600', 'filter=%7B%22limit%22%3A1%7D&filter=%7B%22limit%22%3A2%7D',
    'filter=%7B%22limit%22%3A1%7D&filter[limit]=2',
]

COUNTS = [None, {}, {'ttl': 60}, {'ttl': {'gt': 60}}, {'or': [{'ttl': 60}, {'scopes': 'y'}]}, {'userId': '{other}'},
          {'created': {'gt': '{2[created]}'}}, {'ttl': {'between': [1]}}]

def query_of(name, value):
    return f'{name}=' + urllib.parse.quote(json.dumps(value, separators=(',', ':')))


# What docs/http.md says that tokend does otherwise: the query, and words of the row that says so.
DIFFERENCES = {
    '?' + query_of('filter', value): words for value, words in (
        ({'where': {'ttl': {'gt': 60, 'lt': 86400}}}, 'two operators'),
        ({'where': {'created': {'inq': ['{1[created]}', '{6[created]}']}}}, 'dates in `inq`'),
        ({'where': {'created': {'nin': ['{1[created]}', '{6[created]}']}}}, 'dates in `inq`'),
        ({'where': {'id': {'like': '%'}}}, '`like`'), ({'where': {'id': {'nlike': 'x%'}}}, '`like`'),
        ({'where': {'id': {'regexp': '.'}}}, '`like`'), ({'where': {'scopes': None}}, '500 for'),
        ({'where': {'created': 'abc'}}, '500 for'), ({'where': {'created': {'gt': 'abc'}}}, '500 for'),
        ({'include': 'nothing'}, '500 for'))
}
DIFFERENCES['?filter[fields][id]=false'] = '`filter[fields][id]=false`'

QUERIES = ['?' + query_of('filter', value) for value in FILTERS] + ['', *('?' + query for query in RAW)]
QUERIES += ['/count', *('/count?' + query_of('where', value) for value in COUNTS), '/count?where[ttl]=60']


@pytest.fixture(scope='module')
def places():
    """(URL of ada's tokens, headers) of tokend and of LoopBack, and what names are in the queries."""
    clients.need_node()
    folder = tempfile.mkdtemp(prefix='tokend-test-', dir='/run' if os.geteuid() == 0 else None)
    os.chmod(folder, 0o755)
    daemon = system.Tokend(f'{folder}/tokend').start()
    driver = None
    try:
        url = f'http://127.0.0.1:{daemon.port}'
        accounts = {name: fill(daemon, url, name) for name in ('ada', 'bob')}
        mirrored = {user: requests.get(url + ACCOUNTS.format(user), headers=headers).json()
                    for user, headers, _ in accounts.values()}
        driver = clients.Driver(folder, 'loopback.mjs')
        model = driver.call('load', {}, mirrored)['url']
        user, headers, made = accounts['ada']
        known = {token['created']: token for token in mirrored[user]}
        yield {'tokend': (url + ACCOUNTS.format(user), headers), 'LoopBack': (model + ACCOUNTS.format(user), {}),
               'names': ([known[token['created']] for token in made], {'other': accounts['bob'][0]})}
    finally:
        if driver:
            driver.stop()
        assert daemon.stop() == 0
        shutil.rmtree(folder)


def fill(daemon, url, name):
    user = daemon.add_user(name)['id']
    headers = {'Authorization': daemon.grant(name).json()['access_token']}
    made = []
    for ttl, scopes in MADE:
        # a millisecond of its own for each
        time.sleep(0.002)
        body = {'ttl': ttl, **({'scopes': scopes} if scopes else {})}
        reply = requests.post(url + ACCOUNTS.format(user), json=body, headers=headers)
        assert reply.status_code == 200, reply.text
        made.append(reply.json())
    return user, headers, made


def ask(place, query):
    url, headers = place
    # As it is: requests would encode the brackets.
    request = requests.Request('GET', url, headers=headers).prepare()
    request.url = url + query
    with requests.Session() as session:
        session.trust_env = False
        reply = session.send(request, timeout=system.PATIENCE)
    body = reply.json()
    if isinstance(body, dict) and 'error' in body:
        body['error'].pop('stack', None)
    return reply.status_code, body


def spelled(query, names):
    made, others = names
    text = urllib.parse.unquote(query)
    if not re.search(r'\{(\d\[\w+\]|other)\}', text):
        return query
    text = re.sub(r'\{(\d)\[(\w+)\]\}', lambda m: made[int(m[1])][m[2]], text)
    text = text.replace('{other}', others['other'])
    return urllib.parse.quote(text, safe='?=&[]/')


def differences():
    text = (system.ROOT / 'docs/http.md').read_text()
    return text.partition('## Where tokend differs')[2].partition('\n## ')[0]


def compared(query, answer):
    """Without an order, the ones that LoopBack puts by id are tokend's newest first: that is one
    difference, and which ones are on a page is another."""
    status, body = answer
    query = urllib.parse.unquote(query)
    if not isinstance(body, list) or re.search(r'"order":("\w|[\[5])|filter\[order\]', query):
        return status, body
    if re.search(r'"(limit|skip|offset)":|filter\[(limit|skip|offset)\]', query):
        return status, len(body)
    return status, sorted(body, key=json.dumps)


@pytest.mark.parametrize('query', QUERIES)
def test_filter(places, query):
    asked = spelled(query, places['names'])
    ours, model = (compared(query, ask(places[name], asked)) for name in ('tokend', 'LoopBack'))
    if query in DIFFERENCES:
        assert ours != model
        assert DIFFERENCES[query] in differences()
    else:
        assert ours == model


def test_order_without_order(places):
    """The other difference."""
    created = [token['created'] for token in ask(places['tokend'], '')[1]]
    assert created == sorted(created, reverse=True)
    ids = [token['id'] for token in ask(places['LoopBack'], '')[1]]
    assert ids == sorted(ids)
    assert 'newest first' in differences()
