"""How likely Amazon sells what is gone already, before it is told; and the buffer that prevents it.

Sales of a SKU are taken to come at random at their measured rate (Poisson). When the last free unit
leaves in another way, Amazon goes on selling for the delay; the buffer is what such sales may take.
"""

import math
from dataclasses import dataclass

_MOST_BUFFER = 100_000


@dataclass(frozen=True, slots=True)
class Risk:
    """Of one SKU, each time that its stock runs out elsewhere."""

    probability: float  # that at least one pack is sold which is not there
    expected: float  # packs sold which are not there


def oversell(a_second: float, delay: float, buffer: int) -> Risk:
    """At that many packs a second, told after `delay` seconds, with `buffer` packs kept back."""
    mean = a_second * delay
    if mean <= 0:
        return Risk(0.0, 0.0)
    term, covered, sold = math.exp(-mean), 0.0, 0.0
    for n in range(buffer + 1):  # what the buffer bears
        covered += term
        sold += n * term
        term *= mean / (n + 1)
    beyond = min(max(1.0 - covered, 0.0), 1.0)
    return Risk(beyond, max((mean - sold) - buffer * beyond, 0.0))


def smallest_buffer(a_second: float, delay: float, target: float) -> int:
    """The fewest packs to keep back so that the probability is at most the target."""
    mean = a_second * delay
    if mean <= 0:
        return 0
    term = covered = math.exp(-mean)
    buffer = 0
    while 1.0 - covered > target and buffer < _MOST_BUFFER:
        buffer += 1
        term *= mean / buffer
        covered += term
    return buffer
