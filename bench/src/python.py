"""How many questions a second Python gets answered: CONTENDER MEMBERS STRANGERS PROBES FILTER.

Prints JSON. Each contender runs in a process of its own; each text is asked by itself, in a loop.
"""

import json
import sys
import time


def leaksieve(members, filter):
    from leaksieve import Filter, Kind

    opened = Filter.open(filter)
    return lambda text: opened.check(text, Kind.PHONE).is_exposed()


def rbloom(members, filter):
    from rbloom import Bloom

    bloom = Bloom(len(members), 0.001)
    bloom.update(members)
    return bloom.__contains__


def pybloomfilter(members, filter):
    from pybloomfilter import BloomFilter

    bloom = BloomFilter(len(members), 0.001)
    bloom.update(members)
    return bloom.__contains__


CONTENDERS = {
    "leaksieve": leaksieve,
    "rbloom": rbloom,
    "pybloomfiltermmap3": pybloomfilter,
}


def main():
    name, members, strangers, probes, filter = sys.argv[1:]
    with open(members) as file:
        members = file.read().split()
    with open(strangers) as file:
        strangers = file.read().split()
    asked = CONTENDERS[name](members, filter)
    probes = int(probes)
    # Members are spread over all of the list; every one is asked once before, so that what
    # is read from disk is warm.
    members = members[:: max(1, len(members) // probes)][:probes]
    strangers = strangers[:probes]
    for text in members + strangers:
        asked(text)
    result = {"num_lost": sum(not asked(text) for text in members)}
    result["num_false_positives"] = sum(map(asked, strangers))
    for what, texts in [("hits", members), ("misses", strangers)]:
        start = time.process_time()
        for text in texts:
            asked(text)
        result[what + "_per_s"] = len(texts) / (time.process_time() - start)
    result["num_probes"] = len(strangers)
    print(json.dumps(result))


main()
