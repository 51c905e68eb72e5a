#!/usr/bin/python3
"""Puts the shipped lines into a PAM file, as the README tells an administrator to do by hand.

    pamsnippet.py PAM-FILE SNIPPET

The snippet says by its own "@include" lines where each block belongs: session lines behind them,
all others in front. What stands beside an include that the file does not have goes to its end, with
the include.
"""

import sys


def blocks_of(snippet):
    """{included file: (lines in front, lines behind)}, in the snippet's order."""
    blocks = {}
    pending = []
    last = None
    for line in snippet.splitlines():
        if line.startswith('#') or not line.strip():
            continue
        if line.startswith('@include'):
            last = line.split()[1]
            blocks.setdefault(last, ([], []))[0].extend(pending)
            pending = []
        elif line.startswith('session'):
            blocks[last][1].append(line)
        else:
            pending.append(line)
    assert not pending, f'lines beside no include: {pending}'
    return blocks


def merge(target, snippet):
    """The target's lines with each block of the snippet beside the include that it stands beside."""
    blocks = blocks_of(snippet)
    merged = []
    for line in target.splitlines():
        name = line.split()[1] if line.startswith('@include') else None
        before, behind = blocks.pop(name, ([], []))
        merged += [*before, line, *behind]
    for name, (before, behind) in blocks.items():
        merged += [*before, f'@include {name}', *behind]
    return '\n'.join(merged) + '\n'


if __name__ == '__main__':
    path, snippet = sys.argv[1:]
    with open(snippet) as file:
        text = file.read()
    with open(path) as file:
        merged = merge(file.read(), text)
    with open(path, 'w') as file:
        file.write(merged)
