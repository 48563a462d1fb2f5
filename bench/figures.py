"""Figures of several rounds: their order, their ratios, and tables of them."""

import statistics
import sys


def turned(wanted, round_):
    """The order of a round."""
    turn = round_ % max(1, len(wanted))
    return wanted[turn:] + wanted[:turn]


def known(values):
    return [value for value in values if value is not None]


def spread(values, form="{:.2f}"):
    """The median with the lowest and the highest."""
    values = known(values)
    if not values:
        return "-"
    return (f"{form} [{form}, {form}]").format(statistics.median(values), min(values), max(values))


def each(rows, key):
    return [row and row.get(key) for row in rows]


def ratios(rows, others, key):
    """The ratios of a figure, each formed within its round."""
    return [a[key] / b[key] for a, b in zip(rows, others) if a and b and a[key] and b[key]]


def table(title, heads, lines):
    lines = [heads] + lines
    widths = [max(len(line[i]) for line in lines) for i in range(len(heads))]
    print(f"\n{title}")
    for line in lines:
        print("  " + line[0].ljust(widths[0]),
              *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:])), sep="  ")
    sys.stdout.flush()
