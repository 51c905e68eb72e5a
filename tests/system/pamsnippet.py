#!/usr/bin/python3
"""Puts the shipped lines into a PAM file, as the README tells an administrator to do by hand.

    pamsnippet.py PAM-FILE SNIPPET

The snippet says by its own "@include" lines where each block belongs.
"""

import sys


def merge(target, snippet):
    """The target's lines with each block of the snippet beside the include that it stands beside."""
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
    merged = []
    for line in target.splitlines():
        before, behind = blocks.get(line.split()[1], ([], [])) if line.startswith('@include') else ([], [])
        merged += [*before, line, *behind]
    return '\n'.join(merged) + '\n'


if __name__ == '__main__':
    path, snippet = sys.argv[1:]
    with open(snippet) as file:
        text = file.read()
    with open(path) as file:
        merged = merge(file.read(), text)
    with open(path, 'w') as file:
        file.write(merged)
