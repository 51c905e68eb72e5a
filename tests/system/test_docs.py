"""The documents say what the programs do: keys, defaults, options, verbs, reasons, members."""

import functools
import os
import re
import subprocess

import pytest

import tokend as system

ROOT = system.ROOT
MAN = ROOT / 'docs/man'
PAGES = sorted(path.name for path in MAN.iterdir())


def man(page):
    done = subprocess.run(['man', '--warnings', '-l', MAN / page], capture_output=True, text=True, check=True,
                          env=dict(os.environ, LC_ALL='C.UTF-8', MANWIDTH='1000', MANPAGER='cat', TERM='dumb'))
    return done


@functools.cache
def text_of(page):
    """The page as people read it, in lines of any length, with plain hyphens."""
    return man(page).stdout.replace('\u2010', '-').replace('\u2212', '-')


def source(path):
    return (ROOT / path).read_text()


def config_rows():
    """(section, key, default) of the table in daemon/base/config.c; None: no default."""
    text = source('daemon/base/config.c')
    names = dict(re.findall(r'#define (\w+)\s+"([^"]*)"', source('client/wire/protocol.h') + text))
    for section, key, initial in re.findall(r'\{ "(\w+)", "(\w+)", &kind_\w+, AT\(\w+\), (NULL|\w+|"[^"]*"),', text):
        yield section, key, (None if initial == 'NULL' else names.get(initial, initial.strip('"')))


def help_options(program):
    done = subprocess.run([program, '--help'], capture_output=True, text=True, check=True)
    return set(re.findall(r'--[a-z][a-z-]*=?', done.stdout))


@pytest.mark.parametrize('page', PAGES)
def test_pages_are_well_formed(page):
    done = man(page)
    assert done.stderr == ''
    assert len(done.stdout.splitlines()) > 20
    assert re.search(rf'^{re.escape(page.rsplit(".", 1)[0])}\({page[-1]}\)', done.stdout, re.I)


def test_pages_are_installed():
    text = source('docs/meson.build')
    assert sorted(re.findall(r"'man/([^']+)'", text)) == PAGES
    assert sorted(re.findall(r"'([a-z]+\.md)'", text)) == sorted(path.name for path in (ROOT / 'docs').glob('*.md'))


def test_there_are_configuration_keys():
    assert len(list(config_rows())) == source('daemon/base/config.c').count('&kind_')


def test_keys_stand_in_the_page_with_their_defaults():
    sections = dict(re.findall(r'^\.Sh \[(\w+)\]\n(.*?)(?=^\.Sh )', source('docs/man/tokend.conf.5'), re.M | re.S))
    documented = {(section, key): re.search(r'^Default:(?: empty|\n\.Ql (\S+))$', entry, re.M)
                  for section, text in sections.items()
                  for key, entry in re.findall(r'^\.It Cm (\w+)=\n(.*?)(?=^\.It Cm|^\.El)', text, re.M | re.S)}
    assert [key for key, default in documented.items() if not default] == []
    assert {key: default.group(1) for key, default in documented.items()} == {
        (section, key): initial for section, key, initial in config_rows()}


def test_the_shipped_configuration_shows_every_key_and_sets_none():
    section = None
    shown = []
    for line in source('daemon/data/tokend.conf').splitlines():
        if line.startswith('['):
            section = line.strip('[]')
        elif match := re.fullmatch(r'#(\w+)=(.*)', line):
            shown.append((section, match[1], match[2] or None))
        else:
            assert not line or line.startswith('# ')
    assert shown == list(config_rows())


@pytest.mark.parametrize('program, page, section', [(system.TOKEND, 'tokend.8', 'OPTIONS'),
                                                    (system.USERDB, 'tokend-userdb.8', 'OPTIONS'),
                                                    (system.TOKENCTL, 'tokenctl.1', '')])
def test_options_stand_in_the_page(program, page, section):
    text = re.search(rf'^{section}\n(.*?)(?=^\S|\Z)' if section else '(.*)', text_of(page), re.M | re.S)[1]
    options = help_options(program)
    assert '--help' in options
    assert {option for option in options if option not in text} == set()


def test_verbs_and_their_options_stand_in_the_page():
    lines = subprocess.run([system.TOKENCTL, '--list-verbs'], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    page = text_of('tokenctl.1')
    assert len(lines) > 10
    for line in lines:
        verb, *options = line.split(' --')
        noun, _, name = verb.partition(' ')
        assert re.search(rf'\b{noun} {name}\b' if name else rf'^\s+{noun}\b', page, re.M), verb
        assert [option for option in options if f'--{option}' not in page] == [], verb


def test_module_options_stand_in_the_page():
    options = re.findall(r'^\s+\{ "(\w+=?)",\s+(?:read|set)_', source('client/pam-options.c'), re.M)
    assert 'socket=' in options and 'debug' in options
    section = re.search(r'^\.Sh OPTIONS\n(.*?)^\.Sh ', source('docs/man/pam_tokend.8'), re.M | re.S)[1]
    assert sorted(re.findall(r'^\.It Cm (\w+=?)', section, re.M)) == sorted(options)


def test_the_page_on_pam_is_complete():
    text = source('docs/pam.md')
    options = re.findall(r'^\s+\{ "(\w+=?)",\s+(?:read|set)_', source('client/pam-options.c'), re.M)
    table = text.partition('\n## Options\n')[2].partition('\n## ')[0]
    assert {option.rstrip('=') for option in options} == set(re.findall(r'^\| `(\w+)', table, re.M))
    codes = set(re.findall(r'PAM_\w+', text.partition('## What a return code does')[2].partition('\n## ')[0]))
    words = ('SUCCESS IGNORE AUTH_ERR PERM_DENIED ACCT_EXPIRED SESSION_ERR AUTHTOK_ERR MAXTRIES NEW_AUTHTOK_REQD '
             'AUTHINFO_UNAVAIL USER_UNKNOWN CRED_INSUFFICIENT BUF_ERR SYSTEM_ERR').split()
    returned = {f'PAM_{word}' for word in words if re.search(rf'\b(PAM_)?{word}\b', source('pam/return-codes.c'))}
    assert len(returned) > 9 and returned <= codes
    complaints = text.partition('## What people complain of')[2]
    assert re.findall(r'^\| (\d+) \| [^|]+ \| [^|]+ \|$', complaints, re.M) == [str(n) for n in range(1, 26)]
    for name in (ROOT / 'pam/snippets').iterdir():
        assert name.name in text


def test_what_is_done_in_order_is_a_list():
    text = source('docs/pam.md')
    for heading in ('When nothing lets you in', 'Uninstalling'):
        section = text.partition(f'\n## {heading}\n')[2].partition('\n## ')[0]
        assert re.findall(r'^(\d)\. ', section, re.M) == list('12345'), heading


def test_reasons_stand_in_operations():
    reasons = re.findall(r'X\(\w+,\s*"([^"]+)",\s*"([^"]+)"\)', source('client/wire/reason.h'))
    assert ('wrong-password', 'the user name or the password is wrong') in reasons
    table = re.findall(r'^\| `([a-z-]+)` \| (.*?) \|', source('docs/operations.md').partition('## Reasons')[2],
                       re.M)
    assert table == reasons


def test_journal_ids_and_fields_stand_in_operations():
    header = source('daemon/base/journal.h')
    text = source('docs/operations.md')
    for word in re.findall(r'JOURNAL_ID_\w+\s+"(\w{32})"', header) + re.findall(r'/\* (TOKEND_\w+)=', header):
        assert f'`{word}`' in text, word


def test_members_of_the_bus_stand_in_their_documents():
    policy = source('daemon/bus/org.tokend1.conf')
    members = re.findall(r'send_interface="org\.tokend1\.\w+"\s+send_member="(\w+)"', policy)
    assert 'ListTokens' in members
    for text in (source('docs/dbus.md'), text_of('org.tokend1.5')):
        assert [member for member in members if f'{member}(' not in text] == []


def test_the_readme_installs_what_the_build_needs():
    packages = [line for line in source('tests/packages').split('\n\n')[0].splitlines() if not line.startswith('#')]
    command = re.search(r'^apt-get install (.*)$', source('README.md').replace('\\\n', ''), re.M)[1]
    assert command.split() == [*packages, 'libnss-systemd']


def test_the_readme_shows_the_shipped_pam_lines():
    def lines(text):
        return [' '.join(line.split()) for line in text.splitlines()
                if re.match(r'\s*(auth|account|session|password)\s.*\.so', line)]
    assert lines(source('README.md')) == lines(source('pam/snippets/sshd'))
    assert lines(text_of('pam_tokend.8')) == lines(source('pam/snippets/sshd'))


@pytest.mark.parametrize('path', ['README.md', *(f'docs/{name}.md' for name in ('operations', 'pam', 'security', 'architecture'))])
def test_links_and_paths_lead_somewhere(path):
    text = source(path)
    links = re.findall(r'\]\(([^)#:]+)\)', text)
    paths = re.findall(r'`((?:tests|pam|daemon|client|docs)/[a-z0-9_./-]+)`', text)
    assert [link for link in links + paths if not (ROOT / link).exists()] == []
